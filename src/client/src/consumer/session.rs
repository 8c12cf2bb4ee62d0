//! A consumer's incremental fetch session with one node (Kafka's `FetchSessionHandler`, KIP-227). Serves fetching.
//!
//! Invariant: what the session holds here is what the broker holds of it, as long as their epochs agree; where they may not,
//! the next fetch is a full one.

use crate::TopicPartition;
use ottla_wire::{
    ErrorCode, TopicName, Uuid,
    messages::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic},
    messages::{FetchRequest, FetchResponse},
    topic_name,
};
use std::collections::BTreeMap;

/// Partitions to fetch: the topic's id (nil in versions that go by name) and the row.
pub(super) type Wanted = BTreeMap<TopicPartition, (Uuid, FetchPartition)>;

/// A session, or the wish for one.
#[derive(Clone, Debug, Default)]
pub(super) struct FetchSession {
    /// 0 for none.
    id: i32,
    /// Of the next request; 0 for a full one.
    epoch: i32,
    /// What the broker knows.
    partitions: Wanted,
}

impl FetchSession {
    /// Completes a request: all partitions of a full fetch, else those that are new or changed, and those that go.
    pub(super) fn ask(&mut self, request: FetchRequest, wanted: Wanted) -> FetchRequest {
        let by_name = |all: &Wanted| all.values().any(|(id, _)| id.is_nil());
        if by_name(&wanted) != by_name(&self.partitions) {
            self.epoch = 0;
        }
        if self.epoch == 0 {
            self.partitions.clear();
        }
        let mut forgotten: BTreeMap<(String, Uuid), Vec<i32>> = BTreeMap::new();
        for (partition, (id, _)) in &self.partitions {
            if wanted.get(partition).is_none_or(|(new_id, _)| new_id != id) {
                forgotten.entry((partition.topic.clone(), *id)).or_default().push(partition.partition);
            }
        }
        let changed = wanted.iter().filter(|(partition, row)| self.partitions.get(*partition) != Some(*row));
        let changed: Wanted = changed.map(|(partition, row)| (partition.clone(), row.clone())).collect();
        self.partitions = wanted;
        let forget = |((name, id), partitions): ((String, Uuid), Vec<i32>)| {
            ForgottenTopic::default().with_topic(name_or_none(&name, id)).with_topic_id(id).with_partitions(partitions)
        };
        request
            .with_session_id(self.id)
            .with_session_epoch(self.epoch)
            .with_topics(topics_of(changed))
            .with_forgotten_topics_data(forgotten.into_iter().map(forget).collect())
    }

    /// The next fetch is a full one; it ends the session there is.
    pub(super) fn begin_anew(&mut self) {
        self.epoch = 0;
    }

    /// Takes over what an answer says of the session itself.
    pub(super) fn answered(&mut self, response: &FetchResponse) -> Result<(), ErrorCode> {
        match ErrorCode::from_code(response.error_code) {
            ErrorCode::None if response.session_id == 0 => (self.id, self.epoch) = (0, 0),
            ErrorCode::None if self.epoch == 0 => (self.id, self.epoch) = (response.session_id, 1),
            ErrorCode::None => self.epoch = self.epoch.checked_add(1).unwrap_or(1),
            error => {
                if error == ErrorCode::FetchSessionIdNotFound {
                    self.id = 0;
                }
                self.epoch = 0;
                return Err(error);
            }
        }
        Ok(())
    }
}

/// By topic, as requests have it.
pub(super) fn topics_of(wanted: Wanted) -> Vec<FetchTopic> {
    let mut topics: BTreeMap<(String, Uuid), Vec<FetchPartition>> = BTreeMap::new();
    for (partition, (id, row)) in wanted {
        topics.entry((partition.topic, id)).or_default().push(row);
    }
    let topic = |((name, id), partitions): ((String, Uuid), Vec<FetchPartition>)| {
        FetchTopic::default().with_topic(name_or_none(&name, id)).with_topic_id(id).with_partitions(partitions)
    };
    topics.into_iter().map(topic).collect()
}

/// Requests have a topic's id or its name, never both.
fn name_or_none(name: &str, id: Uuid) -> TopicName {
    if id.is_nil() { topic_name(name) } else { TopicName::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(all: &[(&str, i32, u128, i64)]) -> Wanted {
        let row = |(topic, n, id, offset): &(&str, i32, u128, i64)| {
            let row = FetchPartition::default().with_partition(*n).with_fetch_offset(*offset);
            (TopicPartition::new(*topic, *n), (Uuid::from_u128(*id), row))
        };
        all.iter().map(row).collect()
    }

    /// Topic id and partition of what is asked for, and of what goes.
    type Said = (Vec<(u128, i32)>, Vec<(u128, i32)>);

    fn said(request: &FetchRequest) -> Said {
        let topics = request.topics.iter();
        let asked = topics.flat_map(|t| t.partitions.iter().map(|p| (t.topic_id.as_u128(), p.partition)));
        let topics = request.forgotten_topics_data.iter();
        let gone = topics.flat_map(|t| t.partitions.iter().map(|p| (t.topic_id.as_u128(), *p)));
        (asked.collect(), gone.collect())
    }

    #[test]
    fn only_what_changed_is_said() {
        type All = &'static [(&'static str, i32, u128, i64)];
        let steps: [(&str, All, (i32, i32), Said); 6] = [
            ("all", &[("a", 0, 1, 0), ("a", 1, 1, 0)], (0, 0), (vec![(1, 0), (1, 1)], vec![])),
            ("nothing", &[("a", 0, 1, 0), ("a", 1, 1, 0)], (9, 1), (vec![], vec![])),
            ("one moved", &[("a", 0, 1, 5), ("a", 1, 1, 0)], (9, 2), (vec![(1, 0)], vec![])),
            ("one left out", &[("a", 0, 1, 5)], (9, 3), (vec![], vec![(1, 1)])),
            ("one back", &[("a", 0, 1, 5), ("a", 1, 1, 0)], (9, 4), (vec![(1, 1)], vec![])),
            ("the topic is another", &[("a", 0, 2, 0)], (9, 5), (vec![(2, 0)], vec![(1, 0), (1, 1)])),
        ];
        let mut session = FetchSession::default();
        for (what, all, (id, epoch), expected) in steps {
            let request = session.ask(FetchRequest::default(), wanted(all));
            assert_eq!((request.session_id, request.session_epoch), (id, epoch), "{what}");
            assert_eq!(said(&request), expected, "{what}");
            assert_eq!(session.answered(&FetchResponse::default().with_session_id(9)), Ok(()));
        }
    }

    #[test]
    fn what_ends_a_session_begins_another() {
        let errors = [(ErrorCode::FetchSessionIdNotFound, 0), (ErrorCode::InvalidFetchSessionEpoch, 9)];
        for (error, id) in errors {
            let mut session = FetchSession { id: 9, epoch: 4, partitions: wanted(&[("a", 0, 1, 0)]) };
            assert_eq!(session.answered(&FetchResponse::default().with_error_code(error.code())), Err(error));
            let request = session.ask(FetchRequest::default(), wanted(&[("a", 0, 1, 0)]));
            assert_eq!((request.session_id, request.session_epoch, said(&request).0.len()), (id, 0, 1));
        }
        // Names instead of ids; and a broker without slots.
        let mut session = FetchSession { id: 9, epoch: 4, partitions: wanted(&[("a", 0, 1, 0)]) };
        assert_eq!(session.ask(FetchRequest::default(), wanted(&[("a", 0, 0, 0)])).session_epoch, 0);
        assert_eq!(session.answered(&FetchResponse::default()), Ok(()));
        let request = session.ask(FetchRequest::default(), wanted(&[("a", 0, 0, 0)]));
        assert_eq!((request.session_id, request.session_epoch), (0, 0));
        assert_eq!(request.topics[0].topic, topic_name("a"));
    }
}

//! Consumer groups. Serves the picture; invariant: lag is counted against what consumers may read.

use crate::{
    model::density::is_internal,
    shared::Shared,
    text::{self, cluster as words},
};
use ottla_lab::protocol::GroupRow;
use yew::prelude::*;

/// The groups' properties.
#[derive(Properties, PartialEq)]
pub struct GroupsProps {
    /// The groups.
    pub groups: Vec<Shared<GroupRow>>,
    /// Kafka's own topics are shown.
    pub internal: bool,
    /// The end of what can be read of each partition, sorted: topic, partition, offset.
    pub ends: Vec<(String, i32, i64)>,
}

/// Consumer groups.
#[component]
pub fn Groups(props: &GroupsProps) -> Html {
    if props.groups.is_empty() {
        return Html::default();
    }
    html! {
        <>
            <h3 class="picture-name">{ words::GROUPS }</h3>
            <div class="groups">{ for props.groups.iter().map(|group| group_html(group, props)) }</div>
        </>
    }
}

fn group_html(group: &GroupRow, props: &GroupsProps) -> Html {
    let committed = group.committed.iter().filter(|(topic, ..)| props.internal || !is_internal(topic));
    html! {
        <article key={group.id.clone()} class="card group" aria-label={words::group(&group.id)}>
            <header class="card-head">
                <h4>{ &group.id }</h4>
                <span class="badge">{ &group.state }</span>
            </header>
            <p class="group-about">{ words::group_about(group.generation, &text::node_name(group.coordinator)) }</p>
            if group.members.is_empty() {
                <p class="card-empty">{ words::NO_MEMBERS }</p>
            } else {
                <ul class="members">
                    { for group.members.iter().map(|(member, assigned)| html! {
                        <li><span>{ member }</span><span class="mono muted">{ words::assigned(assigned) }</span></li>
                    }) }
                </ul>
            }
            <ul class="committed mono">
                { for committed.map(|(topic, partition, offset)| html! {
                    <li>{ words::committed(topic, *partition, *offset, lag(&props.ends, topic, *partition, *offset)) }</li>
                }) }
            </ul>
        </article>
    }
}

/// How many records stand after the committed offset.
fn lag(ends: &[(String, i32, i64)], topic: &str, partition: i32, committed: i64) -> Option<i64> {
    let found = ends.binary_search_by(|(name, number, _)| (name.as_str(), *number).cmp(&(topic, partition)));
    found.ok().map(|index| (ends[index].2 - committed).max(0))
}

#[cfg(test)]
mod tests {
    use super::lag;

    #[test]
    fn lag_is_what_stands_after_the_commit() {
        let ends = [("a".to_owned(), 0, 5), ("a".to_owned(), 1, 7), ("b".to_owned(), 0, 1)];
        assert_eq!(lag(&ends, "a", 1, 3), Some(4));
        assert_eq!(lag(&ends, "b", 0, 4), Some(0));
        assert_eq!(lag(&ends, "c", 0, 4), None);
    }
}

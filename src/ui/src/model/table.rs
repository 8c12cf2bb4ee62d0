//! The cluster as tables. Serves the picture's twin, which a screen reader gets and anybody can copy; invariant: it says all
//! that the picture says.

use super::{density, time};
use crate::{
    state::picture::Picture,
    text::{ledger as ledger_words, node_name, node_state, table as words},
};
use ottla_lab::protocol::{HostFaults, PartitionRow, TopicRow};

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// What it is about.
    pub caption: &'static str,
    /// The heads of its columns.
    pub head: &'static [&'static str],
    /// Its rows; the first cell names the row.
    pub rows: Vec<Vec<String>>,
}

/// All tables of a picture.
pub fn tables(picture: &Picture, internal: bool) -> Vec<Table> {
    vec![
        partitions(picture, internal),
        brokers(picture),
        replicas(picture, internal),
        controllers(picture),
        clients(picture),
        groups(picture),
        links(picture),
        ledger(picture),
        ledger_entries(picture),
        flights(picture),
    ]
}

fn partitions(picture: &Picture, internal: bool) -> Table {
    let shown = picture.topics.iter().filter(|topic| internal || !topic.internal);
    let row = |topic: &TopicRow, row: &PartitionRow| {
        let leader_log = row.leader.and_then(|leader| {
            let broker = picture.brokers.iter().find(|broker| broker.id == leader)?;
            broker.replicas.iter().find(|replica| replica.topic == topic.name && replica.partition == row.partition)
        });
        let offset = |of: Option<i64>| of.map_or_else(|| words::UNKNOWN.to_owned(), |offset| offset.to_string());
        vec![
            format!("{}-{}", topic.name, row.partition),
            row.leader.map_or_else(|| words::NONE.to_owned(), |leader| leader.to_string()),
            row.leader_epoch.to_string(),
            ids(&row.replicas),
            ids(&row.isr),
            ids(&row.elr),
            offset(leader_log.map(|log| log.log_start_offset)),
            offset(leader_log.map(|log| log.high_watermark)),
            offset(leader_log.map(|log| log.log_end_offset)),
        ]
    };
    let rows = shown.flat_map(|topic| topic.partitions.iter().map(move |partition| row(topic, partition)));
    Table { caption: words::PARTITIONS, head: words::PARTITION_HEAD, rows: rows.collect() }
}

fn brokers(picture: &Picture) -> Table {
    let rows = picture.brokers.iter().map(|broker| {
        vec![
            node_name(broker.id),
            format!("localhost:{}", broker.port),
            broker.pid.map_or_else(|| words::NONE.to_owned(), |pid| pid.to_string()),
            node_state(broker.state).to_owned(),
            host(broker.faults),
            if broker.unfenced { words::YES } else { words::NO }.to_owned(),
            broker.replicas.iter().filter(|replica| replica.is_leader).count().to_string(),
            broker.replicas.len().to_string(),
        ]
    });
    Table { caption: words::BROKERS, head: words::BROKER_HEAD, rows: rows.collect() }
}

fn replicas(picture: &Picture, internal: bool) -> Table {
    let of = |broker: &ottla_lab::protocol::BrokerCard| {
        let name = node_name(broker.id);
        let row = |replica: &ottla_lab::protocol::ReplicaStrip| {
            let last = replica.cells.last().map_or_else(String::new, |cell| {
                format!("{}: {}", cell.offset, cell.value.as_deref().unwrap_or("null"))
            });
            vec![
                format!("{}-{}", replica.topic, replica.partition),
                name.clone(),
                crate::text::cluster::replica(replica),
                last,
            ]
        };
        density::shown(broker, internal).map(row).collect::<Vec<_>>()
    };
    let rows = picture.brokers.iter().flat_map(|broker| of(broker));
    Table { caption: words::REPLICAS, head: words::REPLICA_HEAD, rows: rows.collect() }
}

fn host(faults: HostFaults) -> String {
    let notes = crate::text::faults::host_notes(faults);
    if notes.is_empty() { words::WELL.to_owned() } else { notes.join(", ") }
}

fn controllers(picture: &Picture) -> Table {
    let rows = picture.controllers.iter().map(|controller| {
        vec![
            node_name(controller.id),
            node_state(controller.state).to_owned(),
            host(controller.faults),
            controller.role.clone(),
            controller.epoch.to_string(),
            controller.log_end_offset.to_string(),
            controller.high_watermark.to_string(),
        ]
    });
    Table { caption: words::CONTROLLERS, head: words::CONTROLLER_HEAD, rows: rows.collect() }
}

fn clients(picture: &Picture) -> Table {
    let rows = picture.clients.iter().map(|client| {
        let position = client.positions.iter().map(|at| format!("{}-{} @ {}", at.topic, at.partition, at.position));
        vec![
            client.pid.to_string(),
            client.command.clone(),
            crate::text::client_kind(client.kind).to_owned(),
            client.group.clone().unwrap_or_default(),
            position.collect::<Vec<_>>().join(", "),
            client.records.to_string(),
        ]
    });
    Table { caption: words::CLIENTS, head: words::CLIENT_HEAD, rows: rows.collect() }
}

fn groups(picture: &Picture) -> Table {
    let rows = picture.groups.iter().map(|group| {
        let members = group.members.iter().map(|(member, assigned)| format!("{member} ({})", assigned.join(", ")));
        let committed =
            group.committed.iter().map(|(topic, partition, offset)| format!("{topic}-{partition} @ {offset}"));
        vec![
            group.id.clone(),
            group.state.clone(),
            group.generation.to_string(),
            node_name(group.coordinator),
            members.collect::<Vec<_>>().join("; "),
            committed.collect::<Vec<_>>().join(", "),
        ]
    });
    Table { caption: words::GROUPS, head: words::GROUP_HEAD, rows: rows.collect() }
}

fn links(picture: &Picture) -> Table {
    let rows =
        picture.links.iter().map(|link| vec![node_name(link.from), node_name(link.to), crate::text::link_words(link)]);
    Table { caption: words::LINKS, head: words::LINK_HEAD, rows: rows.collect() }
}

fn ledger(picture: &Picture) -> Table {
    let rows = picture.ledger.partitions.iter().map(|row| {
        let mut cells = vec![ledger_words::partition(row)];
        cells.extend(ledger_words::cells(row));
        cells
    });
    Table { caption: ledger_words::LEDGER, head: ledger_words::HEAD, rows: rows.collect() }
}

fn ledger_entries(picture: &Picture) -> Table {
    let rows = picture.ledger.entries.iter().map(|entry| {
        let events: Vec<String> = entry.events.iter().map(ledger_words::event).collect();
        let what = ledger_words::kind(entry).to_owned();
        vec![ledger_words::records(entry), what, entry.reason.clone(), events.join("; ")]
    });
    Table { caption: ledger_words::ENTRIES, head: ledger_words::ENTRY_HEAD, rows: rows.collect() }
}

fn flights(picture: &Picture) -> Table {
    let rows = picture.flights.iter().map(|flight| {
        vec![
            crate::text::frame_name(flight),
            node_name(flight.from),
            node_name(flight.to),
            time::elapsed(flight.sent_us),
            time::elapsed(flight.arrives_us),
        ]
    });
    Table { caption: words::FLIGHTS, head: words::FLIGHT_HEAD, rows: rows.collect() }
}

fn ids(ids: &[i32]) -> String {
    ids.iter().map(i32::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::sample;

    #[test]
    fn tables_say_what_the_picture_says() {
        let picture = sample::picture();
        for table in tables(&picture, true) {
            assert!(table.rows.iter().all(|row| row.len() == table.head.len()), "{}", table.caption);
        }
        let topics = &tables(&picture, false)[0];
        assert_eq!(topics.rows[0][..5], ["orders-0", "1", "0", "1, 2, 3", "1, 2, 3"]);
        assert_eq!(topics.rows.len(), 1);
        assert_eq!(tables(&picture, true)[0].rows.len(), 2);
    }
}

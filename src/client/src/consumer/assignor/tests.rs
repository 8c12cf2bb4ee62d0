//! Vectors of Kafka's own unit tests; a, b and c stand for topic1, topic2 and topic3.

use super::*;

/// `c1{ab}` is a member and its topics; `c1{ab}=a0,b1@3` owned partitions in generation 3; `i1!c1{a}` has an instance id.
fn members(text: &str) -> BTreeMap<String, MemberSubscription> {
    let member = |word: &str| {
        let (head, owned) = word.split_once('=').unwrap_or((word, "@-1"));
        let (owned, generation) = owned.split_once('@').unwrap_or((owned, "1"));
        let (name, topics) = head.strip_suffix('}').unwrap().split_once('{').unwrap();
        let (instance, id) = name.split_once('!').map_or((None, name), |(i, id)| (Some(i.to_owned()), id));
        let subscription = MemberSubscription {
            instance_id: instance,
            topics: topics.chars().map(|c| c.to_string()).collect(),
            owned: owned.split(',').filter(|p| !p.is_empty()).map(partition).collect(),
            generation: generation.parse().unwrap(),
        };
        (id.to_owned(), subscription)
    };
    text.split(' ').map(member).collect()
}

fn partition(text: &str) -> TopicPartition {
    TopicPartition::new(&text[..1], text[1..].parse().unwrap())
}

fn shown(assignment: &Assignment) -> String {
    let member = |(id, own): (&String, &Vec<TopicPartition>)| {
        let own: Vec<String> = own.iter().map(|p| format!("{}{}", p.topic, p.partition)).collect();
        format!("{id} {}", own.join(" "))
    };
    assignment.iter().map(member).collect::<Vec<_>>().join(" · ")
}

#[test]
fn assignments_are_kafkas() {
    use Assignor::{CooperativeSticky, Range, RoundRobin, Sticky};
    let table: &[(Assignor, &str, &str, &str)] = &[
        (Range, "a3 b3", "c1{ab} c2{ab}", "c1 a0 a1 b0 b1 · c2 a2 b2"),
        (Range, "a5 b5", "c1{ab} c2{ab} c3{ab}", "c1 a0 a1 b0 b1 · c2 a2 a3 b2 b3 · c3 a4 b4"),
        (Range, "a5 b4", "c1{ab} c2{ab} c3{ab} c4{ab}", "c1 a0 a1 b0 · c2 a2 b1 · c3 a3 b2 · c4 a4 b3"),
        (Range, "a6 b7 c2", "c1{abc} c2{abc} c3{abc}", "c1 a0 a1 b0 b1 b2 c0 · c2 a2 a3 b3 b4 c1 · c3 a4 a5 b5 b6"),
        (Range, "a3", "i2!c1{a} i1!c2{a} c0{a}", "c0 a2 · c1 a1 · c2 a0"),
        (RoundRobin, "a3 b3", "c1{ab} c2{ab}", "c1 a0 a2 b1 · c2 a1 b0 b2"),
        (RoundRobin, "a3 b2", "c1{a} c2{ab} c3{a}", "c1 a0 · c2 a1 b0 b1 · c3 a2"),
        (RoundRobin, "a3 b3", "i1!c1{ab} i2!c2{ab} i3!c3{ab} c4{ab}", "c1 a0 b1 · c2 a1 b2 · c3 a2 · c4 b0"),
        (RoundRobin, "a5 b5", "i1!c1{ab} i2!c2{ab} i3!c3{ab}", "c1 a0 a3 b1 b4 · c2 a1 a4 b2 · c3 a2 b0 b3"),
        (Sticky, "a3 b2", "c1{a} c2{ab} c3{a}", "c1 a0 a2 · c2 b0 b1 · c3 a1"),
        (Sticky, "a3", "c1{a}=a0,a1,a2@1 c2{a}", "c1 a0 a1 · c2 a2"),
        (Sticky, "a3", "c2{a}=a2@2", "c2 a2 a0 a1"),
        (Sticky, "a3 b4", "c1{ab} c2{ab}", "c1 a0 a2 b1 b3 · c2 a1 b0 b2"),
        (
            Sticky,
            "a3 b4",
            "c1{ab}=a0,a2,b1,b3@1 c2{ab}=a1,b0,b2@1 c3{ab} c4{ab}",
            "c1 a0 b1 · c2 b0 a1 · c3 a2 b3 · c4 b2",
        ),
        (Sticky, "a3 b4", "c3{ab}=a2,b3@2 c4{ab}=b2@2", "c3 a2 b3 a0 b1 · c4 b2 a1 b0"),
        (CooperativeSticky, "a3", "c1{a}=a0,a1,a2@1 c2{a}", "c1 a0 a1 · c2 "),
        (CooperativeSticky, "a3", "c1{a}=a0,a1@1 c2{a}=a0,a2@1 c3{a}", "c1 a1 · c2 a2 · c3 a0"),
    ];
    for (assignor, topics, who, expected) in table {
        let partitions = topics.split(' ').map(|t| (t[..1].to_owned(), t[1..].parse().unwrap())).collect();
        let actual = shown(&assignor.assign(&partitions, &members(who)));
        assert_eq!(actual, *expected, "{assignor:?} {topics}; {who}");
    }
}

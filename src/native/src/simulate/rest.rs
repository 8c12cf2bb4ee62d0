//! Whether a cluster and its clients have come to rest. Serves runs and replays; invariant: reading only.

use super::{broken::Broken, look, stage::Stage};
use ottla_lab::{
    Lab,
    load::{LoadConsumer, LoadProducer},
    protocol::{LabInput, NodeAction, NodeState},
};
use std::collections::BTreeMap;

/// How long it has to stay at rest, in milliseconds: longer than a follower's fetch waits.
const REST_MS: u64 = 600;
/// How often it may turn out not to stay so.
const MOST_RESTS: u32 = 10;

fn loads<'a, T: 'static>(lab: &'a Lab, name: &'static str) -> impl Iterator<Item = &'a T> {
    let all = lab.world().processes().filter(move |info| info.name == name);
    all.filter_map(|info| lab.world().process::<T>(info.pid))
}

/// A producer that waits for answers.
pub(super) fn why_not_drained(lab: &Lab) -> Option<String> {
    let busy = loads::<LoadProducer>(lab, "LoadProducer").find(|producer| !producer.is_drained(lab.now()));
    busy.map(|producer| format!("producer {} waits for answers", producer.load_name()))
}

/// A leader whose high watermark, or a consumer that is not at the end; where records were lost a consumer may wait beyond it.
pub(super) fn why_not_caught_up(lab: &Lab, lossy: bool) -> Option<String> {
    let Some(ends) = look::ends(lab) else { return Some("a partition has no leader".into()) };
    if let Some((leader, high_watermark, end)) = ends.iter().find(|(_, hw, end)| hw != end) {
        return Some(format!("leader {leader} has high watermark {high_watermark} and log end {end}"));
    }
    let mut group: BTreeMap<i32, Option<i64>> = BTreeMap::new();
    let mut grouped = false;
    for consumer in loads::<LoadConsumer>(lab, "LoadConsumer") {
        let name = consumer.load_name();
        if let Some(error) = consumer.failed() {
            return Some(format!("consumer {name} failed with {error}"));
        }
        if consumer.is_grouped() {
            grouped = true;
            group.extend(consumer.positions());
        } else if let Some(text) = lag(&consumer.positions(), &ends, lossy, false) {
            return Some(format!("consumer {name} {text}"));
        }
    }
    if grouped { lag(&group, &ends, lossy, true).map(|text| format!("the group {text}")) } else { None }
}

fn lag(positions: &BTreeMap<i32, Option<i64>>, ends: &[(i32, i64, i64)], lossy: bool, all: bool) -> Option<String> {
    let reaches = |at: Option<i64>, end: i64| at == Some(end) || (lossy && at.is_some_and(|at| at >= end));
    let mut rows = (0..).zip(ends).filter(|(partition, _)| all || positions.contains_key(partition));
    let of = |partition: i32| positions.get(&partition).copied().flatten();
    let (partition, (_, _, end)) = rows.find(|(partition, (_, _, end))| !reaches(of(*partition), *end))?;
    Some(format!("is at {:?} of partition {partition}, which ends at {end}", of(partition)))
}

/// Waits until everything is in sync, answered and read, and still is after a while: elections may follow a restart late, and
/// followers learn of the last high watermark with one more fetch.
pub(super) fn come_to_rest(stage: &mut Stage<'_>, limit_ms: u64) -> Result<(), Broken> {
    let why_not = |stage: &Stage<'_>| {
        let lossy = stage.watch.may_lose();
        let lab = &stage.lab;
        look::why_not_in_sync(lab).or_else(|| why_not_drained(lab)).or_else(|| why_not_caught_up(lab, lossy))
    };
    for _ in 0..MOST_RESTS {
        stage.wait(limit_ms, |stage| Ok(why_not(stage)))?;
        stage.advance(stage.lab.now().plus_millis(REST_MS))?;
        if why_not(stage).is_none() {
            return Ok(());
        }
    }
    Err(Broken::Liveness("it does not stay at rest".to_owned()))
}

/// Keeps these nodes down and starts all others that went down meanwhile: a node that was stopping only now is gone.
pub(super) fn keep_down(stage: &mut Stage<'_>, nodes: &[Option<i32>]) -> Result<Option<String>, Broken> {
    for node in look::nodes(&stage.lab) {
        let wanted = nodes.contains(&Some(node));
        let down = matches!(stage.lab.cluster().state(stage.lab.world(), node), NodeState::Down | NodeState::NoPower);
        if wanted && !down {
            stage.apply(LabInput::Node { node, action: NodeAction::Kill })?;
            return Ok(Some(format!("node {node} is up")));
        }
        if !wanted && down {
            stage.apply(LabInput::Node { node, action: NodeAction::HealDisk })?;
            stage.apply(LabInput::Node { node, action: NodeAction::Start })?;
        }
    }
    Ok(None)
}

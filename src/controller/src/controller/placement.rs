//! Where new replicas go (`StripedReplicaPlacer`): striped over racks and brokers from a random start, fenced brokers last
//! and never first.
//!
//! Serves topic creation and growth. Invariant: the same random numbers give the placement Kafka would make.

use ottla_wire::java::hash_map_order;
use std::collections::BTreeMap;
use thiserror::Error;

/// Where random numbers come from.
pub trait RandomSource {
    /// A number in `0..bound` (`java.util.Random.nextInt`).
    fn next_int(&mut self, bound: u32) -> u32;
}

impl RandomSource for ottla_world::Rng {
    fn next_int(&mut self, bound: u32) -> u32 {
        self.below(u64::from(bound)) as u32
    }
}

/// `Collections.shuffle`.
fn shuffle<T>(items: &mut [T], random: &mut dyn RandomSource) {
    for size in (2..=items.len()).rev() {
        items.swap(size - 1, random.next_int(size as u32) as usize);
    }
}

/// A broker that replicas can go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsableBroker {
    /// Node id.
    pub id: i32,
    /// Its rack.
    pub rack: Option<String>,
    /// Whether it is only a last resort.
    pub fenced: bool,
}

/// Why replicas can't be placed (`InvalidReplicationFactorException`).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PlacementError {
    /// Zero or less.
    #[error("Invalid replication factor {0}: the replication factor must be positive.")]
    NotPositive(i32),
    /// Nobody is there to lead.
    #[error("All brokers are currently fenced, or have all their log directories cordoned.")]
    AllFenced,
    /// More replicas than brokers.
    #[error(
        "The target replication factor of {wanted} cannot be reached because only {registered} broker(s) are registered \
         or some brokers have all their log directories cordoned."
    )]
    TooFewBrokers {
        /// The replication factor.
        wanted: i32,
        /// Brokers there are.
        registered: u64,
    },
}

#[derive(Debug, Default)]
struct BrokerList {
    brokers: Vec<i32>,
    epoch: u32,
    index: usize,
    offset: usize,
}

impl BrokerList {
    fn initialize(&mut self, random: &mut dyn RandomSource) {
        if !self.brokers.is_empty() {
            self.brokers.sort_unstable();
            self.offset = random.next_int(self.brokers.len() as u32) as usize;
        }
    }

    /// The next broker of this partition (`epoch`), none once all were given.
    fn next(&mut self, epoch: u32) -> Option<i32> {
        if self.brokers.is_empty() {
            return None;
        }
        if self.epoch != epoch {
            self.epoch = epoch;
            self.index = 0;
            self.offset = (self.offset + 1) % self.brokers.len();
        }
        if self.index >= self.brokers.len() {
            return None;
        }
        self.index += 1;
        Some(self.brokers[(self.index - 1 + self.offset) % self.brokers.len()])
    }
}

#[derive(Debug, Default)]
struct Rack {
    fenced: BrokerList,
    unfenced: BrokerList,
}

impl Rack {
    fn next(&mut self, epoch: u32) -> Option<i32> {
        self.unfenced.next(epoch).or_else(|| self.fenced.next(epoch))
    }
}

struct RackList<'a> {
    random: &'a mut dyn RandomSource,
    /// In the order of a Java hash map, which is the order of the draws.
    racks: Vec<(Option<String>, Rack)>,
    /// Indexes into `racks`, first sorted by name, later shuffled.
    order: Vec<usize>,
    unfenced: u32,
    total: u64,
    epoch: u32,
    offset: usize,
}

impl<'a> RackList<'a> {
    fn new(random: &'a mut dyn RandomSource, brokers: &[UsableBroker]) -> RackList<'a> {
        let mut by_name: BTreeMap<Option<String>, Rack> = BTreeMap::new();
        for broker in brokers {
            let rack = by_name.entry(broker.rack.clone()).or_default();
            let list = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
            list.brokers.push(broker.id);
        }
        let names: Vec<Option<String>> = by_name.keys().cloned().collect();
        let text = |name: &Option<String>| name.clone().unwrap_or_default();
        let texts: Vec<String> = names.iter().map(text).collect();
        let hashed = hash_map_order(texts.iter().map(String::as_str));
        let mut racks: Vec<(Option<String>, Rack)> = by_name.into_iter().collect();
        racks.sort_by_key(|(name, _)| hashed.iter().position(|other| *other == text(name)));
        for (_, rack) in &mut racks {
            rack.fenced.initialize(random);
            rack.unfenced.initialize(random);
        }
        let mut order: Vec<usize> = (0..racks.len()).collect();
        order.sort_by(|a, b| racks[*a].0.cmp(&racks[*b].0));
        let offset = if racks.is_empty() { 0 } else { random.next_int(racks.len() as u32) as usize };
        let unfenced = brokers.iter().filter(|broker| !broker.fenced).count() as u32;
        RackList { random, racks, order, unfenced, total: brokers.len() as u64, epoch: 0, offset }
    }

    fn shuffle(&mut self) {
        shuffle(&mut self.order, self.random);
        for (_, rack) in &mut self.racks {
            shuffle(&mut rack.fenced.brokers, self.random);
            shuffle(&mut rack.unfenced.brokers, self.random);
        }
    }

    fn rack(&mut self, at: usize) -> &mut Rack {
        &mut self.racks[self.order[at]].1
    }

    fn place(&mut self, replicas: usize) -> Vec<i32> {
        if self.epoch == self.unfenced && self.unfenced > 1 {
            self.shuffle();
            self.epoch = 0;
        }
        let (epoch, racks) = (self.epoch, self.order.len());
        self.offset %= racks;
        let mut first = self.offset;
        let leader = loop {
            if let Some(id) = self.rack(first).unfenced.next(epoch) {
                break id;
            }
            first = (first + 1) % racks;
        };
        let mut placed = vec![leader];
        let mut skip = Some(first);
        let mut at = self.offset;
        while placed.len() < replicas {
            if skip == Some(at) {
                skip = None;
            } else {
                placed.extend(self.rack(at).next(epoch));
            }
            at = (at + 1) % racks;
        }
        self.epoch += 1;
        self.offset += 1;
        placed
    }
}

/// The replicas of `partitions` new partitions.
///
/// # Errors
/// Fewer brokers than replicas, or none that is unfenced.
pub fn place(
    random: &mut dyn RandomSource,
    brokers: &[UsableBroker],
    partitions: u32,
    replication_factor: i32,
) -> Result<Vec<Vec<i32>>, PlacementError> {
    let mut racks = RackList::new(random, brokers);
    if replication_factor <= 0 {
        return Err(PlacementError::NotPositive(replication_factor));
    }
    if racks.unfenced == 0 {
        return Err(PlacementError::AllFenced);
    }
    if i64::from(replication_factor) > racks.total as i64 {
        return Err(PlacementError::TooFewBrokers { wanted: replication_factor, registered: racks.total });
    }
    Ok((0..partitions).map(|_| racks.place(replication_factor as usize)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kafka's `MockRandom`.
    struct MockRandom(i64);

    impl RandomSource for MockRandom {
        fn next_int(&mut self, bound: u32) -> u32 {
            self.0 = self.0.wrapping_mul(2_862_933_555_777_941_757).wrapping_add(3_037_000_493);
            let next = (self.0 as u64 >> 33) as i32;
            java_bounded(next, bound, |_| panic!("no second draw"))
        }
    }

    fn java_bounded(first: i32, bound: u32, mut again: impl FnMut(()) -> i32) -> u32 {
        let bound = bound as i32;
        if bound & (bound - 1) == 0 {
            return ((i64::from(bound) * i64::from(first)) >> 31) as u32;
        }
        let mut bits = first;
        loop {
            let value = bits % bound;
            if bits.wrapping_sub(value).wrapping_add(bound - 1) >= 0 {
                return value as u32;
            }
            bits = again(());
        }
    }

    /// `java.util.Random`.
    struct JavaRandom(u64);

    impl JavaRandom {
        fn new(seed: u64) -> JavaRandom {
            JavaRandom((seed ^ 0x5_DEEC_E66D) & ((1 << 48) - 1))
        }
        fn next31(&mut self) -> i32 {
            self.0 = (self.0.wrapping_mul(0x5_DEEC_E66D) + 0xB) & ((1 << 48) - 1);
            (self.0 >> 17) as i32
        }
    }

    impl RandomSource for JavaRandom {
        fn next_int(&mut self, bound: u32) -> u32 {
            let first = self.next31();
            java_bounded(first, bound, |()| self.next31())
        }
    }

    fn brokers(text: &str) -> Vec<UsableBroker> {
        let broker = |word: &str| {
            let (rack, word) = word.split_once('/').map_or((None, word), |(rack, word)| (Some(rack.to_owned()), word));
            let fenced = word.ends_with('f');
            UsableBroker { id: word.trim_end_matches('f').parse().unwrap(), rack, fenced }
        };
        text.split(' ').map(broker).collect()
    }

    fn show(placed: Result<Vec<Vec<i32>>, PlacementError>) -> String {
        placed.unwrap().iter().map(|replicas| format!("{replicas:?}").replace(' ', "")).collect()
    }

    #[test]
    fn placements_with_javas_random_are_kafkas() {
        let cases = [
            (0, "1 2 3", 6, 2, "[1,2][2,3][3,1][1,3][3,2][2,1]"),
            (1, "1 2 3", 6, 2, "[1,2][2,3][3,1][3,1][1,2][2,3]"),
            (42, "1 2 3", 6, 2, "[3,1][1,2][2,3][1,2][2,3][3,1]"),
            (
                0,
                "101 102 103",
                7,
                3,
                "[101,102,103][102,103,101][103,101,102][101,103,102][103,102,101][102,101,103][103,101,102]",
            ),
            (0, "0 1 2 3 4", 10, 3, "[0,1,2][1,2,3][2,3,4][3,4,0][4,0,1][1,0,3][0,3,2][3,2,4][2,4,1][4,1,0]"),
        ];
        for (seed, ids, partitions, replicas, expected) in cases {
            let placed = place(&mut JavaRandom::new(seed), &brokers(ids), partitions, replicas);
            assert_eq!(show(placed), expected, "seed {seed}, brokers {ids}");
        }
    }

    #[test]
    fn placements_of_kafkas_own_tests() {
        let cases = [
            ("0 1 2 3", 5, 3, "[2,3,0][3,0,1][0,1,2][1,2,3][1,0,2]"),
            ("3 1f 0 4 2", 5, 4, "[3,4,0,2][4,0,2,3][0,2,3,4][2,3,4,0][0,4,3,2]"),
            ("3 1f 2", 4, 3, "[3,2,1][2,3,1][3,2,1][2,3,1]"),
        ];
        for (ids, partitions, replicas, expected) in cases {
            let placed = place(&mut MockRandom(17), &brokers(ids), partitions, replicas);
            assert_eq!(show(placed), expected, "brokers {ids}");
        }
        let racks = "1/10 1/11 2/20f 2/21 3/30 3/31";
        let placed = show(place(&mut MockRandom(17), &brokers(racks), 3, 4));
        assert_eq!(placed, "[11,21,31,10][21,30,10,20][31,11,21,30]");
    }

    #[test]
    fn impossible_placements_say_why() {
        let fails = |ids: &str, factor| place(&mut MockRandom(17), &brokers(ids), 1, factor).unwrap_err();
        assert_eq!(fails("1 2", 3), PlacementError::TooFewBrokers { wanted: 3, registered: 2 });
        assert_eq!(fails("1f 2f", 1), PlacementError::AllFenced);
        assert_eq!(fails("1", 0), PlacementError::NotPositive(0));
    }
}

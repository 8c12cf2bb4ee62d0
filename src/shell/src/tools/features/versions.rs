//! Feature levels of Kafka's releases (Kafka: `MetadataVersion`, `Feature`). Serves kafka-features and kafka-storage; invariant: levels
//! of `metadata.version` are counted from 1 without a gap.

/// The feature that stands for the metadata log's format.
pub const METADATA_VERSION: &str = "metadata.version";

/// Names of the levels of `metadata.version`, from level 1 on.
const METADATA_VERSIONS: &[&str] = &[
    "3.0-IV1", "3.1-IV0", "3.2-IV0", "3.3-IV0", "3.3-IV1", "3.3-IV2", "3.3-IV3", "3.4-IV0", "3.5-IV0", "3.5-IV1",
    "3.5-IV2", "3.6-IV0", "3.6-IV1", "3.6-IV2", "3.7-IV0", "3.7-IV1", "3.7-IV2", "3.7-IV3", "3.7-IV4", "3.8-IV0",
    "3.9-IV0", "4.0-IV0", "4.0-IV1", "4.0-IV2", "4.0-IV3", "4.1-IV0", "4.1-IV1", "4.2-IV0", "4.2-IV1", "4.3-IV0",
    "4.4-IV0",
];

/// The oldest level that is supported.
const OLDEST: i16 = 7;
/// The level of Kafka 4.3.
pub const NEWEST: i16 = 30;

/// The other features: name, and from which level of `metadata.version` on which level is the default.
const FEATURES: &[(&str, &[(i16, i16)])] = &[
    ("kraft.version", &[(21, 1)]),
    ("transaction.version", &[(24, 2)]),
    ("group.version", &[(22, 1)]),
    ("eligible.leader.replicas.version", &[(26, 1)]),
    ("share.version", &[(28, 1)]),
    ("streams.version", &[(29, 1)]),
];

/// The name of a level of `metadata.version`.
pub fn metadata_name(level: i16) -> Option<&'static str> {
    METADATA_VERSIONS.get(usize::try_from(level.checked_sub(1)?).ok()?).copied()
}

/// The level of a release (`4.0`) or of a version (`4.0-IV2`); a complaint names all up to `shown`.
///
/// # Errors
/// Kafka's complaint about a version that is not known or not released.
pub fn metadata_level(name: &str, shown: i16) -> Result<i16, String> {
    let known = |level: &i16| metadata_name(*level);
    let fits = |level: &i16| {
        known(level).is_some_and(|other| other == name || other.split_once('-').is_some_and(|(short, _)| short == name))
    };
    (OLDEST..=NEWEST).rev().find(fits).ok_or_else(|| {
        let all: Vec<&str> = (OLDEST..=shown).filter_map(metadata_name).collect();
        format!("Unknown metadata.version '{name}'. Supported metadata.version are: {}", all.join(", "))
    })
}

/// The features beside `metadata.version`, with the levels that belong to a level of it.
pub fn default_levels(metadata_level: i16) -> impl Iterator<Item = (&'static str, i16)> {
    FEATURES.iter().map(move |(name, steps)| {
        let level = steps.iter().rev().find(|(from, _)| *from <= metadata_level).map_or(0, |(_, level)| *level);
        (*name, level)
    })
}

/// What a level of a feature needs.
pub fn dependencies(feature: &str, level: i16) -> &'static [(&'static str, i16)] {
    match (feature, level) {
        ("eligible.leader.replicas.version", 1) => &[(METADATA_VERSION, 23)],
        _ => &[],
    }
}

//! kafka-features (Kafka's `FeatureCommand`). Serves the shell; invariant: updates of one command line are one request, answered in the
//! order of the features' names.

pub mod versions;

use super::{
    admin::{AdminCommand, AdminTool, Answer, Step},
    sub_commands::Words,
};
use ottla_client::{AdminRequest, AdminResponse, FeatureMetadata, JavaError};
use std::collections::BTreeMap;
use versions::{METADATA_VERSION, NEWEST, default_levels, dependencies, metadata_level, metadata_name};

const COMMANDS: [&str; 6] = ["describe", "upgrade", "downgrade", "disable", "version-mapping", "feature-dependencies"];
const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;

/// kafka-features.
#[derive(Clone, Debug, Default)]
pub struct Features {
    command: String,
    dry_run: bool,
    updates: BTreeMap<String, i16>,
}

impl AdminCommand for Features {
    const CLASS: &'static str = "FeatureCommand";

    fn start(&mut self, io: &mut AdminTool<'_, '_, '_>) -> Step {
        let words = Words::of(&io.tool.invocation.args.clone());
        self.command = words.rest.first().cloned().unwrap_or_default();
        if !COMMANDS.contains(&self.command.as_str()) {
            let names: Vec<String> = COMMANDS.iter().map(|name| format!("'{name}'")).collect();
            let message = match self.command.as_str() {
                "" => "too few arguments".to_owned(),
                other => format!("invalid choice: '{other}' (choose from {})", names.join(", ")),
            };
            io.tool.eprint(format!("Command line error: {message}. Type --help for help."));
            return Step::Exit(1);
        }
        if let Err(step) = words.open(io) {
            return step;
        }
        self.dry_run = words.has("--dry-run");
        self.run(io, &words).unwrap_or_else(|message| {
            io.tool.eprintln(message);
            Step::Exit(1)
        })
    }

    fn answer(&mut self, io: &mut AdminTool<'_, '_, '_>, answer: Answer) -> Step {
        match answer {
            Ok(AdminResponse::Features(features)) => {
                rows(&features).into_iter().for_each(|row| io.tool.println(row));
                Step::Exit(0)
            }
            Ok(AdminResponse::FeaturesUpdated(each)) => self.updated(io, &each),
            Ok(_) => Step::Exit(1),
            Err(error) => {
                io.tool.die(&error);
                Step::Exit(1)
            }
        }
    }
}

impl Features {
    /// Does what needs no cluster, or asks it; an error is a message on standard error.
    fn run(&mut self, io: &mut AdminTool<'_, '_, '_>, words: &Words) -> Result<Step, String> {
        match self.command.as_str() {
            "describe" => return Ok(Step::Ask(AdminRequest::DescribeFeatures)),
            "version-mapping" => {
                mapping(words)?.into_iter().for_each(|row| io.tool.println(row));
                return Ok(Step::Exit(0));
            }
            "feature-dependencies" => {
                for row in needs(words)? {
                    io.tool.println(row);
                }
                return Ok(Step::Exit(0));
            }
            _ => {}
        }
        if !words.values("--metadata").is_empty() {
            io.tool.println(" `metadata` flag is deprecated and may be removed in a future release.");
        }
        self.updates = updates(&self.command, words)?;
        if self.updates.is_empty() {
            return Err(format!("You must specify at least one feature to {}", self.command));
        }
        let kind = match self.command.as_str() {
            "upgrade" => UPGRADE,
            _ if words.has("--unsafe") => UNSAFE_DOWNGRADE,
            _ => SAFE_DOWNGRADE,
        };
        if let Some(level) = self.updates.values().find(|level| **level < 1 && kind == UPGRADE) {
            return Err(format!(
                "The upgradeType flag should be set to SAFE_DOWNGRADE or UNSAFE_DOWNGRADE when the provided \
                 maxVersionLevel:{level} is < 1."
            ));
        }
        let updates = self.updates.iter().map(|(name, level)| (name.clone(), *level, kind)).collect();
        Ok(Step::Ask(AdminRequest::UpdateFeatures { updates, validate_only: self.dry_run }))
    }

    fn updated(&self, io: &mut AdminTool<'_, '_, '_>, each: &BTreeMap<String, Result<(), JavaError>>) -> Step {
        let disable = self.command == "disable";
        let past = format!("{}d", self.command);
        let mut failed = 0u32;
        for (name, level) in &self.updates {
            let to = if disable { String::new() } else { format!(" to {level}") };
            let line = match each.get(name) {
                Some(Err(error)) => {
                    failed += 1;
                    let verb = if self.dry_run { "Can not" } else { "Could not" };
                    format!("{verb} {} {name}{to}. {}", self.command, error.text())
                }
                _ if self.dry_run => format!("{name} can be {past}{to}."),
                _ => format!("{name} was {past}{to}."),
            };
            io.tool.println(line);
        }
        if failed > 0 {
            io.tool.eprintln(format!("{failed} out of {} operation(s) failed.", self.updates.len()));
        }
        Step::Exit(u8::from(failed > 0))
    }
}

fn name_and_level(text: &str) -> Result<(String, i16), String> {
    let (name, level) = text
        .split_once('=')
        .ok_or_else(|| format!("Can't parse feature=level string {text}: equals sign not found."))?;
    let number = level.trim().parse();
    let level =
        number.map_err(|_| format!("Can't parse feature=level string {text}: unable to parse {level} as a short."))?;
    Ok((name.trim().to_owned(), level))
}

fn updates(command: &str, words: &Words) -> Result<BTreeMap<String, i16>, String> {
    let features = words.values("--feature");
    if command == "disable" {
        return Ok(features.into_iter().map(|name| (name, 0)).collect());
    }
    let mut updates = BTreeMap::new();
    let (metadata, releases) = (words.values("--metadata"), words.values("--release-version"));
    if let Some(release) = releases.first() {
        if !metadata.is_empty() || !features.is_empty() {
            return Err("Can not specify `release-version` with other feature flags.".to_owned());
        }
        let level = metadata_level(release, NEWEST + 1)?;
        updates.insert(METADATA_VERSION.to_owned(), level);
        updates.extend(default_levels(level).map(|(name, level)| (name.to_owned(), level)));
    }
    for name in metadata {
        updates.insert(METADATA_VERSION.to_owned(), metadata_level(&name, NEWEST + 1)?);
    }
    for feature in features {
        let (name, level) = name_and_level(&feature)?;
        if updates.insert(name.clone(), level).is_some() {
            return Err(format!("Feature {name} was specified more than once."));
        }
    }
    Ok(updates)
}

pub(super) fn mapping(words: &Words) -> Result<Vec<String>, String> {
    let given = words.values("--release-version");
    let (level, name) = match given.first() {
        Some(release) => (metadata_level(release, NEWEST + 1)?, release.clone()),
        None => (NEWEST, metadata_name(NEWEST).unwrap_or_default().to_owned()),
    };
    let mut rows = vec![format!("metadata.version={level} ({name})")];
    rows.extend(default_levels(level).map(|(feature, level)| format!("{feature}={level}")));
    Ok(rows)
}

pub(super) fn needs(words: &Words) -> Result<Vec<String>, String> {
    let shown = |name: &str, level: i16| match metadata_name(level).filter(|_| name == METADATA_VERSION) {
        Some(version) => format!("{name}={level} ({version})"),
        None => format!("{name}={level}"),
    };
    let mut rows = Vec::new();
    for feature in words.values("--feature") {
        let (name, level) = name_and_level(&feature)?;
        if name != METADATA_VERSION && default_levels(NEWEST).all(|(known, _)| known != name) {
            return Err(format!("Unknown feature: {name}"));
        }
        let needed = dependencies(&name, level);
        if needed.is_empty() {
            rows.push(format!("{} has no dependencies.", shown(&name, level)));
            continue;
        }
        rows.push(format!("{} requires:", shown(&name, level)));
        rows.extend(needed.iter().map(|(name, level)| format!("    {}", shown(name, *level))));
    }
    Ok(rows)
}

fn level(feature: &str, level: i16) -> String {
    let named = (feature == METADATA_VERSION).then(|| metadata_name(level)).flatten();
    named.map_or_else(|| level.to_string(), str::to_owned)
}

fn rows(features: &FeatureMetadata) -> Vec<String> {
    let epoch = features.finalized_epoch.map_or("-".to_owned(), |epoch| epoch.to_string());
    let row = |(name, (least, most)): (&String, &(i16, i16))| {
        let (least, most) = (level(name, *least), level(name, *most));
        let now = level(name, features.finalized.get(name).map_or(0, |(_, max)| *max));
        format!(
            "Feature: {name:<40}  SupportedMinVersion: {least:<15}  SupportedMaxVersion: {most:<15}  FinalizedVersionLevel: {now:<15}  Epoch: {epoch}"
        )
    };
    features.supported.iter().map(row).collect()
}

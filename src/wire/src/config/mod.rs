//! Definitions of configuration keys and their validation, with the messages of Kafka's `ConfigDef`.
//!
//! Serves brokers, controllers and tools that take `key=value`: the same key gives the same complaint everywhere.
//! Invariant: a definition's default passes its own validation.

mod broker;
mod client;
mod group;
mod registry;
mod synonym;
mod topic;
mod validator;
mod value;

pub use broker::broker_synonyms;
pub use group::{GroupConfigKey, group_config, group_configs};
pub use registry::{ConfigKind, config_key, config_keys};
pub use synonym::{Synonym, SynonymUnit};
pub use topic::{DESCRIBE_ORDER, topic_config, topic_configs, validate_topic_configs};
pub use validator::Validator;
pub use value::ConfigValue;

use thiserror::Error;

/// The type of a configuration's value (Kafka: `ConfigDef.Type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConfigType {
    /// `true` or `false`, in any case.
    Boolean,
    /// Text.
    String,
    /// A signed 32-bit number.
    Int,
    /// A signed 16-bit number.
    Short,
    /// A signed 64-bit number.
    Long,
    /// A floating-point number.
    Double,
    /// Texts between commas.
    List,
    /// The name of a class.
    Class,
    /// Text that is not shown.
    Password,
}

impl ConfigType {
    /// Kafka's name in capitals, as in "Not a number of type LONG".
    pub fn name(self) -> &'static str {
        match self {
            ConfigType::Boolean => "BOOLEAN",
            ConfigType::String => "STRING",
            ConfigType::Int => "INT",
            ConfigType::Short => "SHORT",
            ConfigType::Long => "LONG",
            ConfigType::Double => "DOUBLE",
            ConfigType::List => "LIST",
            ConfigType::Class => "CLASS",
            ConfigType::Password => "PASSWORD",
        }
    }
}

/// How much a setting matters to most people (Kafka: `ConfigDef.Importance`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Importance {
    /// Everybody should know it.
    High,
    /// Worth a look.
    Medium,
    /// For special cases.
    Low,
}

/// How a broker's setting can be changed (Kafka: "Dynamic Update Mode").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateMode {
    /// Only with a restart.
    ReadOnly,
    /// While the broker runs, for each broker by itself.
    PerBroker,
    /// While the brokers run, for all of them or for one.
    ClusterWide,
}

/// The definition of one configuration key.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConfigKey {
    /// Its name.
    pub name: &'static str,
    /// The type of its value.
    pub ty: ConfigType,
    /// Its default as text; None if it has none.
    pub default: Option<&'static str>,
    /// What its value has to satisfy beyond the type.
    pub validator: Validator,
    /// Broker settings that give a topic setting its default, strongest first. Empty for all other keys.
    pub synonyms: &'static [Synonym],
    /// What it does, in a sentence.
    pub doc: &'static str,
    /// How much it matters.
    pub importance: Importance,
    /// How it can be changed; of meaning for brokers only.
    pub update: UpdateMode,
    /// Whether it has to be given.
    pub is_required: bool,
    /// Whether it is for tests and experts, and not shown.
    pub is_internal: bool,
}

impl ConfigKey {
    const fn new(
        name: &'static str,
        ty: ConfigType,
        default: Option<&'static str>,
        validator: Validator,
        doc: &'static str,
    ) -> ConfigKey {
        ConfigKey {
            name,
            ty,
            default,
            validator,
            synonyms: &[],
            doc,
            importance: Importance::Medium,
            update: UpdateMode::ReadOnly,
            is_required: false,
            is_internal: false,
        }
    }

    const fn required(self) -> ConfigKey {
        ConfigKey { is_required: true, ..self }
    }

    const fn internal(self) -> ConfigKey {
        ConfigKey { is_internal: true, ..self }
    }

    const fn unchecked(self) -> ConfigKey {
        ConfigKey { validator: Validator::Any, ..self }
    }

    /// The strongest broker-level synonym, such as `message.max.bytes` of `max.message.bytes`.
    pub fn synonym(&self) -> Option<&'static str> {
        self.synonyms.first().map(|synonym| synonym.name)
    }
}

/// Why a configuration is refused. The text is that of Kafka's ConfigException or InvalidConfigurationException.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConfigError {
    /// A value of the wrong type or out of range.
    #[error("Invalid value {value} for configuration {name}: {reason}")]
    InvalidValue {
        /// The key.
        name: String,
        /// The value as Java prints it.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A list that is empty, or holds an empty or repeated item.
    #[error("Configuration '{name}' {reason}")]
    InvalidList {
        /// The key.
        name: String,
        /// What is wrong with the list.
        reason: String,
    },
    /// A key that topics do not have.
    #[error("Unknown topic config name: {name}")]
    UnknownTopicConfig {
        /// The key.
        name: String,
    },
    /// Two values that contradict each other.
    #[error("{message}")]
    Conflict {
        /// Kafka's words.
        message: String,
    },
}

/// Reads a value by its definition, without its validator.
///
/// # Errors
/// [`ConfigError::InvalidValue`] if the text is not of the key's type.
pub fn parse(key: &ConfigKey, value: &str) -> Result<ConfigValue, ConfigError> {
    ConfigValue::parse(key.name, key.ty, value)
}

/// Reads a value and checks it against the key's validator.
///
/// # Errors
/// [`ConfigError::InvalidValue`] or [`ConfigError::InvalidList`], worded as Kafka words it.
pub fn parse_valid(key: &ConfigKey, value: &str) -> Result<ConfigValue, ConfigError> {
    let value = parse(key, value)?;
    key.validator.check(key.name, &value)?;
    Ok(value)
}

/// Whether a value is right for a key.
///
/// # Errors
/// As [`parse_valid`].
pub fn validate(key: &ConfigKey, value: &str) -> Result<(), ConfigError> {
    parse_valid(key, value).map(|_| ())
}

#[cfg(test)]
mod tests;

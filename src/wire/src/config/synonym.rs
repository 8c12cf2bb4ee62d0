//! Broker settings that give topic settings their defaults (Kafka: `ServerTopicConfigSynonyms`).

/// The unit in which a broker setting counts, as seen from its topic setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SynonymUnit {
    /// The same as the topic setting's.
    Same,
    /// Minutes, where the topic setting has milliseconds.
    Minutes,
    /// Hours, where the topic setting has milliseconds.
    Hours,
}

/// One broker setting behind a topic setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Synonym {
    /// The name of the broker setting.
    pub name: &'static str,
    /// Its unit.
    pub unit: SynonymUnit,
}

impl Synonym {
    pub(super) const fn same(name: &'static str) -> Synonym {
        Synonym { name, unit: SynonymUnit::Same }
    }

    pub(super) const fn minutes(name: &'static str) -> Synonym {
        Synonym { name, unit: SynonymUnit::Minutes }
    }

    pub(super) const fn hours(name: &'static str) -> Synonym {
        Synonym { name, unit: SynonymUnit::Hours }
    }

    /// The topic setting's value that this broker setting's value means: minutes and hours become milliseconds.
    /// A text that is no number, or too large, stays as it is.
    pub fn convert(&self, value: &str) -> String {
        let factor_ms: i64 = match self.unit {
            SynonymUnit::Same => return value.to_owned(),
            SynonymUnit::Minutes => 60_000,
            SynonymUnit::Hours => 3_600_000,
        };
        let number = value.trim().parse::<i64>().ok();
        match number.and_then(|number| if number < 0 { Some(-1) } else { number.checked_mul(factor_ms) }) {
            Some(milliseconds) => milliseconds.to_string(),
            None => value.to_owned(),
        }
    }
}

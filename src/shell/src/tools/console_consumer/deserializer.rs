//! Kafka's standard deserializers, by class name. Serves the formatters; invariant: a value of the wrong size is an error, never a
//! guess.

use ottla_client::JavaError;

const PACKAGE: &str = "org.apache.kafka.common.serialization.";

/// What turns bytes into text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deserializer {
    /// UTF-8 text; what is none becomes the replacement character.
    Text,
    /// A whole number of so many bytes.
    Number(&'static str, usize),
    /// A floating point number, as Java writes it.
    Floating(&'static str, usize),
    /// One byte: true or false.
    Boolean,
}

impl Deserializer {
    /// The deserializer of a class; `None` if there is no such class.
    pub fn of_class(class: &str) -> Option<Deserializer> {
        Some(match class.strip_prefix(PACKAGE)? {
            "StringDeserializer" | "ByteArrayDeserializer" | "BytesDeserializer" => Deserializer::Text,
            "LongDeserializer" => Deserializer::Number("LongDeserializer", 8),
            "IntegerDeserializer" => Deserializer::Number("IntegerDeserializer", 4),
            "ShortDeserializer" => Deserializer::Number("ShortDeserializer", 2),
            "DoubleDeserializer" => Deserializer::Floating("DoubleDeserializer", 8),
            "FloatDeserializer" => Deserializer::Floating("FloatDeserializer", 4),
            "BooleanDeserializer" => Deserializer::Boolean,
            "VoidDeserializer" => Deserializer::Text,
            _ => return None,
        })
    }

    /// The text of some bytes.
    pub fn text(self, bytes: &[u8]) -> Result<String, JavaError> {
        let wrong = |message: String| Err(JavaError::kafka("SerializationException", message));
        match self {
            Deserializer::Text => Ok(String::from_utf8_lossy(bytes).into_owned()),
            Deserializer::Number(class, size) | Deserializer::Floating(class, size) if bytes.len() != size => {
                match self {
                    Deserializer::Floating(..) => wrong(format!("Size of data received by Deserializer is not {size}")),
                    _ => wrong(format!("Size of data received by {class} is not {size}")),
                }
            }
            Deserializer::Number(_, _) => {
                let negative = bytes.first().is_some_and(|b| *b >= 0x80);
                let start = if negative { -1i64 } else { 0 };
                Ok(bytes.iter().fold(start, |n, b| (n << 8) | i64::from(*b)).to_string())
            }
            Deserializer::Floating(_, _) => Ok(floating(bytes)),
            Deserializer::Boolean => match bytes {
                [0] => Ok("false".to_owned()),
                [1] => Ok("true".to_owned()),
                [other] => wrong(format!("Unexpected byte received by BooleanDeserializer: {}", *other as i8)),
                _ => wrong("Size of data received by BooleanDeserializer is not 1".to_owned()),
            },
        }
    }
}

fn floating(bytes: &[u8]) -> String {
    let text = match bytes.try_into() {
        Ok(eight) => format!("{:?}", f64::from_be_bytes(eight)),
        Err(_) => bytes.try_into().map(|four| format!("{:?}", f32::from_be_bytes(four))).unwrap_or_default(),
    };
    match text.as_str() {
        "inf" => "Infinity".to_owned(),
        "-inf" => "-Infinity".to_owned(),
        _ => text.replace('e', "E"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let of = |name: &str| Deserializer::of_class(&format!("{PACKAGE}{name}")).unwrap();
        assert_eq!(of("LongDeserializer").text(&[255; 8]).unwrap(), "-1");
        assert_eq!(of("IntegerDeserializer").text(&[0, 0, 0, 21]).unwrap(), "21");
        let error = of("LongDeserializer").text(b"three").unwrap_err();
        assert_eq!(error.text(), "Size of data received by LongDeserializer is not 8");
        assert_eq!(of("DoubleDeserializer").text(&1.5f64.to_be_bytes()).unwrap(), "1.5");
        assert_eq!(Deserializer::of_class("LongDeserializer"), None);
    }
}

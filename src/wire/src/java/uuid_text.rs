//! UUIDs as Kafka writes them: 22 characters of URL-safe base64 without padding (Kafka: `Uuid`).
//!
//! Topic ids, cluster ids and directory ids are printed and typed in this form.

use thiserror::Error;
use uuid::Uuid;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A text that is no UUID, in Kafka's words (the message of its IllegalArgumentException).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UuidTextError {
    /// More than 24 characters.
    #[error("Input string with prefix `{prefix}` is too long to be decoded as a base64 UUID")]
    TooLong {
        /// The first 24 characters.
        prefix: String,
    },
    /// Base64, but not of sixteen bytes.
    #[error(
        "Input string `{input}` decoded as {size_bytes} bytes, which is not equal to the expected 16 bytes of a \
         base64-encoded UUID"
    )]
    WrongSize {
        /// The text.
        input: String,
        /// The size of what it encodes.
        size_bytes: u64,
    },
    /// A character outside the alphabet (Java: `Base64.Decoder`).
    #[error("Illegal base64 character {code:x}")]
    IllegalCharacter {
        /// The character's number.
        code: u32,
    },
    /// The text ends after the first character of a group of four, or in padding that does not fit.
    #[error("{reason}")]
    WrongEnding {
        /// The words of Java's decoder.
        reason: &'static str,
    },
}

/// The UUID as 22 characters.
pub fn uuid_text(uuid: Uuid) -> String {
    let mut text = String::with_capacity(22);
    for group in uuid.as_bytes().chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &byte| (bits << 8) | u32::from(byte)) << (8 * (3 - group.len()));
        for index in 0..=group.len() {
            text.push(char::from(ALPHABET[(bits >> (18 - 6 * index)) as usize & 63]));
        }
    }
    text
}

/// The UUID that the text stands for. One or two `=` of padding are accepted, as Java's decoder does.
///
/// # Errors
/// [`UuidTextError`], worded as Kafka words it.
pub fn uuid_from_text(text: &str) -> Result<Uuid, UuidTextError> {
    if text.encode_utf16().count() > 24 {
        let prefix = text.chars().take(24).collect();
        return Err(UuidTextError::TooLong { prefix });
    }
    let bytes = decode(text)?;
    let size_bytes = bytes.len() as u64;
    Uuid::from_slice(&bytes).map_err(|_| UuidTextError::WrongSize { input: text.to_owned(), size_bytes })
}

fn decode(text: &str) -> Result<Vec<u8>, UuidTextError> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let mut bytes = Vec::with_capacity(18);
    let (mut bits, mut count) = (0u32, 0u32);
    for character in digits.chars() {
        let value = ALPHABET.iter().position(|&letter| char::from(letter) == character);
        let value = value.ok_or(UuidTextError::IllegalCharacter { code: u32::from(character) })?;
        bits = (bits << 6) | value as u32;
        count += 1;
        if count.is_multiple_of(4) {
            bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
            bits = 0;
        }
    }
    match (count % 4, padding) {
        (0, 0) => {}
        (1, 0) => return Err(UuidTextError::WrongEnding { reason: "Last unit does not have enough valid bits" }),
        (2, 0 | 2) => bytes.push((bits >> 4) as u8),
        (3, 0 | 1) => bytes.extend_from_slice(&[(bits >> 10) as u8, (bits >> 2) as u8]),
        _ => {
            return Err(UuidTextError::WrongEnding { reason: "Input byte array has wrong 4-byte ending unit" });
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_texts() {
        assert_eq!(uuid_text(Uuid::nil()), "AAAAAAAAAAAAAAAAAAAAAA");
        assert_eq!(uuid_text(Uuid::from_u128(1)), "AAAAAAAAAAAAAAAAAAAAAQ");
        let uuid = uuid_from_text("X8Cm7pztQTOsOa_SjGPJig").unwrap();
        assert_eq!(uuid_text(uuid), "X8Cm7pztQTOsOa_SjGPJig");
        assert_eq!(uuid_from_text("X8Cm7pztQTOsOa_SjGPJig=="), Ok(uuid));
    }

    #[test]
    fn errors_in_kafkas_words() {
        let rows = [
            (
                "nonsense",
                "Input string `nonsense` decoded as 6 bytes, which is not equal to the expected 16 bytes of a \
                 base64-encoded UUID",
            ),
            (
                "AAAAAAAAAAAAAAAAAAAAAAAAA",
                "Input string with prefix `AAAAAAAAAAAAAAAAAAAAAAAA` is too long to be decoded as a base64 UUID",
            ),
            ("a b", "Illegal base64 character 20"),
            ("AAAAA", "Last unit does not have enough valid bits"),
            ("AA=", "Input byte array has wrong 4-byte ending unit"),
        ];
        for (text, message) in rows {
            assert_eq!(uuid_from_text(text).unwrap_err().to_string(), message);
        }
    }

    proptest::proptest! {
        #[test]
        fn round_trip(number: u128) {
            let uuid = Uuid::from_u128(number);
            proptest::prop_assert_eq!(uuid_from_text(&uuid_text(uuid)), Ok(uuid));
        }

        #[test]
        fn any_text_is_answered(text: String) {
            let _ = uuid_from_text(&text);
        }
    }
}

//! The names an enum's variants have in lesson files, asked of serde. Serves the dispatch by concern; invariant: a name
//! stands only once, at its variant.

use serde::{
    Deserialize, Deserializer,
    de::{Visitor, value::Error},
    forward_to_deserialize_any,
};

/// The variants' names, as serde knows them.
pub(super) fn of<'de, T: Deserialize<'de>>() -> &'static [&'static str] {
    let mut names: &'static [&'static str] = &[];
    // Always an error: nothing is there to be read, only the names are noted.
    let _ = T::deserialize(Asked { names: &mut names }).is_err();
    names
}

struct Asked<'a> {
    names: &'a mut &'static [&'static str],
}

impl<'de> Deserializer<'de> for Asked<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(serde::de::Error::custom("an enum was expected"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        *self.names = variants;
        Err(serde::de::Error::custom("only the names are asked"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Fruit {
        RedApple,
        Pear,
    }

    #[test]
    fn names_of_an_enum() {
        assert_eq!(of::<Fruit>(), ["red_apple", "pear"]);
        assert!(of::<String>().is_empty());
        assert!(matches!([Fruit::RedApple, Fruit::Pear], [Fruit::RedApple, Fruit::Pear]));
    }
}

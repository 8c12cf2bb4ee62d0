//! Bytes of a message, by its schema, as JSON. Serves the decoders of dump tools; invariant: reads what Kafka's generated classes
//! read, and leaves out what their JSON converters leave out.

use super::{Field, Schema, SchemaError, Type, json};
use crate::{config::ConfigValue, java::uuid_text};
use uuid::Uuid;

type Read<T> = Result<T, SchemaError>;

/// Types within types, at most: no schema here is deeper.
const MAX_DEPTH: u8 = 8;

/// What is left to read.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    /// The bytes.
    pub rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// The next `length` bytes.
    ///
    /// # Errors
    /// [`SchemaError::Truncated`] if there are fewer.
    pub fn take(&mut self, length: usize) -> Read<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(length).ok_or(SchemaError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Read<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    /// A signed 16-bit number.
    ///
    /// # Errors
    /// [`SchemaError::Truncated`].
    pub fn int16(&mut self) -> Read<i16> {
        self.array().map(i16::from_be_bytes)
    }

    /// An unsigned varint.
    ///
    /// # Errors
    /// [`SchemaError::Truncated`], or [`SchemaError::BadLength`] for one beyond 32 bits.
    pub fn varint(&mut self) -> Read<u32> {
        let mut value = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| SchemaError::BadLength);
            }
        }
        Err(SchemaError::BadLength)
    }

    /// A length: `None` stands for null. Classic texts count in 16 bits, all else in 32.
    fn length(&mut self, flexible: bool, short: bool) -> Read<Option<usize>> {
        let length = match (flexible, short) {
            (true, _) => i64::from(self.varint()?) - 1,
            (false, true) => i64::from(self.int16()?),
            (false, false) => i64::from(i32::from_be_bytes(self.array()?)),
        };
        match length {
            -1 => Ok(None),
            0.. => Ok(Some(usize::try_from(length).map_err(|_| SchemaError::BadLength)?)),
            _ => Err(SchemaError::BadLength),
        }
    }
}

/// The JSON of a message; what stands behind it stays in the cursor.
///
/// # Errors
/// Whatever [`SchemaError`] names.
pub fn to_json(schema: &Schema, version: i16, cursor: &mut Cursor<'_>) -> Read<String> {
    if !(0..=schema.newest).contains(&version) {
        return Err(SchemaError::UnknownVersion(version));
    }
    let reader = Reader { version, flexible: version >= schema.flexible };
    reader.fields(schema.fields, cursor, 0)
}

#[derive(Clone, Copy, Debug)]
struct Reader {
    version: i16,
    flexible: bool,
}

impl Reader {
    fn fields(self, fields: &[Field], cursor: &mut Cursor<'_>, depth: u8) -> Read<String> {
        let here = |field: &&Field| (field.since..=field.until).contains(&self.version);
        let mut values: Vec<Option<String>> = vec![None; fields.len()];
        for (value, field) in values.iter_mut().zip(fields).filter(|(_, field)| here(field) && field.tag.is_none()) {
            *value = Some(self.value(field, field.ty, cursor, depth)?);
        }
        for _ in 0..if self.flexible { cursor.varint()? } else { 0 } {
            let (tag, length) = (cursor.varint()?, cursor.varint()?);
            let mut bytes = Cursor { rest: cursor.take(length as usize)? };
            if let Some(at) = fields.iter().position(|field| field.tag == Some(tag) && here(&field)) {
                values[at] = Some(self.value(&fields[at], fields[at].ty, &mut bytes, depth)?);
            }
        }
        let members = fields.iter().zip(values);
        let members: Vec<String> =
            members.filter_map(|(field, value)| Some(format!("\"{}\":{}", field.name, value?))).collect();
        Ok(format!("{{{}}}", members.join(",")))
    }

    fn value(self, field: &Field, ty: Type, cursor: &mut Cursor<'_>, depth: u8) -> Read<String> {
        let length = |cursor: &mut Cursor<'_>, short| match cursor.length(self.flexible, short)? {
            None if !field.nullable => Err(SchemaError::Null(field.name)),
            length => Ok(length),
        };
        let null = || Ok("null".to_owned());
        Ok(match ty {
            Type::Bool => (i8::from_be_bytes(cursor.array()?) != 0).to_string(),
            Type::Int8 => i8::from_be_bytes(cursor.array()?).to_string(),
            Type::Int16 => cursor.int16()?.to_string(),
            Type::Uint16 => u16::from_be_bytes(cursor.array()?).to_string(),
            Type::Int32 => i32::from_be_bytes(cursor.array()?).to_string(),
            Type::Int64 => i64::from_be_bytes(cursor.array()?).to_string(),
            Type::Float64 => ConfigValue::Double(f64::from_be_bytes(cursor.array()?)).to_java_text(),
            Type::Uuid => format!("\"{}\"", uuid_text(Uuid::from_bytes(cursor.array()?))),
            Type::String => {
                let Some(length) = length(cursor, true)? else { return null() };
                let text = std::str::from_utf8(cursor.take(length)?).map_err(|_| SchemaError::NotText)?;
                json::quoted(text)
            }
            Type::Bytes => {
                let Some(length) = length(cursor, false)? else { return null() };
                json::base64(cursor.take(length)?)
            }
            Type::Embedded(schema) => {
                let Some(length) = length(cursor, false)? else { return null() };
                let bytes = cursor.take(length)?;
                embedded(schema, bytes).unwrap_or_else(|_| json::base64(bytes))
            }
            Type::Struct(_) if depth >= MAX_DEPTH => return Err(SchemaError::BadLength),
            Type::Struct(fields) => self.fields(fields, cursor, depth + 1)?,
            Type::List(item) => {
                let Some(length) = length(cursor, false)? else { return null() };
                // Every item has a byte at least.
                if length > cursor.rest.len() {
                    return Err(SchemaError::Truncated);
                }
                let items = (0..length).map(|_| self.value(field, *item, cursor, depth)).collect::<Read<Vec<_>>>()?;
                format!("[{}]", items.join(","))
            }
        })
    }
}

fn embedded(schema: &Schema, bytes: &[u8]) -> Read<String> {
    let mut cursor = Cursor { rest: bytes };
    let version = cursor.int16()?;
    to_json(schema, version, &mut cursor)
}

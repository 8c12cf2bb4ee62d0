//! The hashes that place keys, groups and transactional ids: murmur2 and Java's `String.hashCode`.
//!
//! Serves partitioners and coordinators. Invariant: bit for bit what Kafka's Java code computes.

/// Kafka's 32-bit murmur2 (`Utils.murmur2`, seed 0x9747b28c), which the default partitioner applies to keys.
#[must_use]
pub fn murmur2(data: &[u8]) -> i32 {
    const SEED: u32 = 0x9747_b28c;
    const MIX: u32 = 0x5bd1_e995;
    const SHIFT: u32 = 24;

    let mut hash = SEED ^ data.len() as u32;
    let (words, tail) = data.as_chunks::<4>();
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(MIX);
        k ^= k >> SHIFT;
        hash = hash.wrapping_mul(MIX) ^ k.wrapping_mul(MIX);
    }
    if !tail.is_empty() {
        for (index, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * index);
        }
        hash = hash.wrapping_mul(MIX);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MIX);
    hash ^= hash >> 15;
    hash as i32
}

/// Clears the sign bit (`Utils.toPositive`); not the absolute value.
#[must_use]
pub fn to_positive(number: i32) -> i32 {
    number & 0x7fff_ffff
}

/// Java's `String.hashCode`, over UTF-16 units; coordinators take its absolute value modulo the partition count.
#[must_use]
pub fn java_string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

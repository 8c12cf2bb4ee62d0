//! The colour of a record's key. Serves the log strips; invariant: the same key has the same colour everywhere and always.

/// How many hues the design tokens hold (`--key-0` to `--key-6`).
pub const HUES: u64 = 7;

/// The hue of a key, from 0; `None` for a record without one. The hash is FNV-1a: it spreads short keys well.
pub fn hue(key: Option<&str>) -> Option<u64> {
    let hash = key?
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    Some((hash >> 32) % HUES)
}

/// The CSS class that paints the key.
pub fn class(key: Option<&str>) -> &'static str {
    const CLASSES: [&str; HUES as usize] = ["key-0", "key-1", "key-2", "key-3", "key-4", "key-5", "key-6"];
    hue(key).map_or("key-none", |hue| CLASSES[hue as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_spread_over_the_hues() {
        assert_eq!(hue(None), None);
        assert_eq!(hue(Some("a")), hue(Some("a")));
        assert_eq!(class(None), "key-none");
        let mut seen = [0; HUES as usize];
        for number in 0..70 {
            seen[hue(Some(&format!("customer-{number}"))).unwrap() as usize] += 1;
        }
        assert!(seen.iter().all(|count| (3..=22).contains(count)), "{seen:?}");
    }
}

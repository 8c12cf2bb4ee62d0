//! A list that only grows and is cheap to clone. Serves what a lab remembers; invariant: full chunks are shared between
//! clones, so that a checkpoint copies one chunk at most.

use std::sync::Arc;

/// Elements of a chunk.
const CHUNK: usize = 256;

/// A list that only grows, up to a bound.
#[derive(Clone, Debug)]
pub struct Remembered<T> {
    full: Vec<Arc<[T]>>,
    last: Vec<T>,
    most: usize,
}

impl<T> Remembered<T> {
    /// An empty list that takes so many elements.
    pub(super) fn up_to(most: usize) -> Remembered<T> {
        Remembered { full: Vec::new(), last: Vec::new(), most }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.full.len() * CHUNK + self.last.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.full.iter().flat_map(|chunk| chunk.iter()).chain(&self.last)
    }

    /// Whether nothing more is taken.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.most
    }

    /// Adds one, if there is room.
    pub(super) fn push(&mut self, one: T) {
        if self.is_full() {
            return;
        }
        self.last.push(one);
        if self.last.len() == CHUNK {
            self.full.push(std::mem::take(&mut self.last).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_bound() {
        let mut list = Remembered::up_to(1000);
        assert!(list.is_empty());
        (0..2000).for_each(|n| list.push(n));
        assert_eq!((list.len(), list.is_full()), (1000, true));
        assert!(list.iter().copied().eq(0..1000) && list.clone().iter().rev().copied().eq((0..1000).rev()));
    }
}

//! A value that components share and compare by address. Serves every property that is large; invariant: two handles are
//! equal exactly if nobody has changed the value between them, so a component is drawn again only if its part changed.

use std::{ops::Deref, rc::Rc};

/// A shared value.
#[derive(Debug, Default)]
pub struct Shared<T>(Rc<T>);

impl<T> Shared<T> {
    /// Shares a value.
    pub fn new(value: T) -> Self {
        Self(Rc::new(value))
    }
}

impl<T: Clone> Shared<T> {
    /// The value, for changing; a copy of it if others hold it too.
    pub fn make_mut(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }
}

impl<T: PartialEq> Shared<T> {
    /// Takes a new value; the handle stays the same if the value does.
    pub fn renew(&mut self, value: T) {
        if *self.0 != value {
            self.0 = Rc::new(value);
        }
    }
}

/// Takes new values for a list of handles; those whose value is found again keep their handle.
pub fn renew_all<T: PartialEq>(old: &mut Vec<Shared<T>>, new: Vec<T>) {
    let renewed = new.into_iter().enumerate().map(|(index, value)| match old.get(index) {
        Some(kept) if **kept == value => kept.clone(),
        _ => Shared::new(value),
    });
    *old = renewed.collect();
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_changes_with_its_value_only() {
        let mut shared = Shared::new(1);
        let before = shared.clone();
        shared.renew(1);
        assert!(shared == before);
        shared.renew(2);
        assert!(shared != before && *before == 1);
        let mut all = vec![before.clone(), shared.clone()];
        renew_all(&mut all, vec![1, 3, 4]);
        assert!(all[0] == before && all[1] != shared && all.len() == 3);
    }
}

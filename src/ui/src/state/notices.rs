//! What a person should know now. Serves the notices under the top bar; invariant: a notice stands once, and one that was
//! sent away comes back only if it happens again.

use crate::protocol::Notice;

/// A notice as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The engine's.
    Engine(Notice),
    /// Another tab took the kept lab from this one.
    TakenAway,
    /// The engine died with these words; it was started again or not.
    Died {
        /// The words.
        words: String,
        /// Another one runs.
        restarted: bool,
    },
    /// The address names no lesson.
    NoLesson(String),
    /// A file that was to be imported is none of ours.
    NotImported,
    /// The lab was found on kept disks and goes on.
    Restored,
}

impl Told {
    /// Only one of a kind stands at a time.
    fn is_like(&self, other: &Self) -> bool {
        let storage = |told: &Self| matches!(told, Self::Engine(Notice::SecondTab) | Self::TakenAway);
        std::mem::discriminant(self) == std::mem::discriminant(other)
            && match (self, other) {
                (Self::Engine(one), Self::Engine(two)) => std::mem::discriminant(one) == std::mem::discriminant(two),
                _ => true,
            }
            || (storage(self) && storage(other))
    }
}

/// The notices, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notices(Vec<Told>);

impl Notices {
    /// Tells something; what is like it gives way.
    pub fn tell(&mut self, told: Told) {
        self.0.retain(|other| !other.is_like(&told));
        self.0.push(told);
    }

    /// Sends a notice away.
    pub fn dismiss(&mut self, told: &Told) {
        self.0.retain(|other| other != told);
    }

    /// Sends away what only held for another tab.
    pub fn owned_now(&mut self) {
        self.0.retain(|told| !told.is_like(&Told::TakenAway));
    }

    /// The notices.
    pub fn all(&self) -> &[Told] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_a_kind() {
        let mut notices = Notices::default();
        notices.tell(Told::Engine(Notice::SecondTab));
        notices.tell(Told::Engine(Notice::StorageFull));
        notices.tell(Told::TakenAway);
        assert_eq!(notices.all(), [Told::Engine(Notice::StorageFull), Told::TakenAway]);
        let died = |words: &str, restarted| Told::Died { words: words.into(), restarted };
        notices.tell(died("a", true));
        notices.tell(died("b", false));
        notices.owned_now();
        assert_eq!(notices.all(), [Told::Engine(Notice::StorageFull), died("b", false)]);
        notices.dismiss(&Told::Engine(Notice::StorageFull));
        assert_eq!(notices.all().len(), 1);
    }
}

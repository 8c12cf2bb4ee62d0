//! Where the panes are. Serves panes and separators; invariant: every size is within its bounds, whatever was kept.

use serde::{Deserialize, Serialize};

/// A pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pane {
    /// The lesson.
    #[default]
    Lesson,
    /// The cluster.
    Cluster,
    /// The terminals.
    Terminals,
}

impl Pane {
    /// All, in their order.
    pub const ALL: [Self; 3] = [Self::Lesson, Self::Cluster, Self::Terminals];

    /// The word that names it in the page's attributes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lesson => "lesson",
            Self::Cluster => "cluster",
            Self::Terminals => "terminals",
        }
    }

    /// The id of its element.
    pub fn id(self) -> &'static str {
        match self {
            Self::Lesson => "lesson-pane",
            Self::Cluster => "cluster-pane",
            Self::Terminals => "terminals-pane",
        }
    }
}

/// A separator between panes, by what it sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Separator {
    /// How wide the lesson is, in percent of the page.
    Lesson,
    /// How high the terminals are, in percent of their column.
    Terminals,
}

impl Separator {
    /// The least and the most percent.
    pub fn bounds(self) -> (u32, u32) {
        match self {
            Self::Lesson => (18, 60),
            Self::Terminals => (12, 85),
        }
    }
}

/// Where the panes are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    lesson: u32,
    terminals: u32,
    /// The pane that is seen where one is.
    #[serde(skip)]
    pub current: Pane,
    /// The pane that fills the screen.
    #[serde(skip)]
    pub full: Option<Pane>,
    /// The cluster is shown as tables.
    pub tables: bool,
    /// Kafka's own topics are shown.
    pub internal: bool,
    /// The list of events is open.
    #[serde(skip)]
    pub events: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self {
            lesson: 27,
            terminals: 36,
            current: Pane::Lesson,
            full: None,
            tables: false,
            internal: false,
            events: false,
        }
    }
}

impl Layout {
    /// The size of a pane, in percent.
    pub fn percent(&self, separator: Separator) -> u32 {
        let (least, most) = separator.bounds();
        match separator {
            Separator::Lesson => self.lesson,
            Separator::Terminals => self.terminals,
        }
        .clamp(least, most)
    }

    /// Sizes a pane, in percent.
    pub fn resize(&mut self, separator: Separator, percent: u32) {
        let (least, most) = separator.bounds();
        let percent = percent.clamp(least, most);
        match separator {
            Separator::Lesson => self.lesson = percent,
            Separator::Terminals => self.terminals = percent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_within_their_bounds() {
        let mut layout: Layout = serde_json::from_str(r#"{"lesson":900,"unknown":1}"#).unwrap();
        assert_eq!((layout.percent(Separator::Lesson), layout.percent(Separator::Terminals)), (60, 36));
        layout.resize(Separator::Terminals, 1);
        assert_eq!(layout.percent(Separator::Terminals), 12);
        let kept: Layout = serde_json::from_str(&serde_json::to_string(&layout).unwrap()).unwrap();
        assert_eq!(kept, layout);
    }
}

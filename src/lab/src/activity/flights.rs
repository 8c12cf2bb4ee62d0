//! Frames under way. Serves the marks on links; invariant: what has arrived is forgotten.

use ottla_world::{Pid, Time};
use std::collections::VecDeque;

/// A frame that left and has not arrived yet.
#[derive(Clone, Debug)]
pub(crate) struct FrameOnWay {
    pub(crate) sent: Time,
    pub(crate) arrives: Time,
    pub(crate) from: Pid,
    pub(crate) to: Pid,
    pub(crate) api_key: i16,
    pub(crate) is_response: bool,
}

/// The frames under way; the newest of them if there are very many.
#[derive(Clone, Debug, Default)]
pub(crate) struct Flights(VecDeque<FrameOnWay>);

const MOST: usize = 400;

impl Flights {
    pub(crate) fn push(&mut self, sent: Time, arrives: Time, from: Pid, to: Pid, api_key: i16, is_response: bool) {
        self.0.retain(|f| f.arrives > sent);
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back(FrameOnWay { sent, arrives, from, to, api_key, is_response });
    }

    pub(crate) fn under_way(&self, now: Time) -> impl Iterator<Item = &FrameOnWay> {
        self.0.iter().filter(move |f| f.arrives > now)
    }
}

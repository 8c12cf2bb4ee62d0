//! Producer, consumer and admin client as state machines

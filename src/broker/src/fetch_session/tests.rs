//! The session cache's rules as tables. Serves the broker's developers.

use super::*;
use bytes::Bytes;
use ottla_wire::{BrokerId, ErrorCode, Uuid, messages::FetchRequest};
use ottla_world::{Ids, Rng};

fn place(n: i32) -> Place {
    (Uuid::from_u128(7), n)
}

fn row(high_watermark: i64, records: &'static [u8]) -> PartitionData {
    PartitionData::default()
        .with_high_watermark(high_watermark)
        .with_log_start_offset(0)
        .with_preferred_read_replica(BrokerId(-1))
        .with_records(Some(Bytes::from_static(records)))
}

fn asked(n: i32, offset: i64) -> FetchPartition {
    FetchPartition::default().with_partition(n).with_fetch_offset(offset)
}

#[test]
fn requests_are_full_next_or_refused() {
    let mut sessions = FetchSessions::new(10);
    let (id, _) = sessions.begin(&mut Rng::new(1), None, 1, Time::ZERO);
    sessions.advance(id);
    let table = [
        ("no session wanted", (0, -1), true, Ok(Kind::Sessionless)),
        ("an end", (id, -1), true, Ok(Kind::Sessionless)),
        ("a beginning", (0, 0), true, Ok(Kind::Full)),
        ("a beginning instead of another", (id, 0), true, Ok(Kind::Full)),
        ("a beginning by names", (0, 0), false, Ok(Kind::Sessionless)),
        ("the next", (id, 2), true, Ok(Kind::Incremental(id))),
        ("the next by names", (id, 2), false, Err(ErrorCode::FetchSessionTopicIdError)),
        ("the same again", (id, 1), true, Err(ErrorCode::InvalidFetchSessionEpoch)),
        ("one too far", (id, 3), true, Err(ErrorCode::InvalidFetchSessionEpoch)),
        ("another session", (id ^ 1, 2), true, Err(ErrorCode::FetchSessionIdNotFound)),
    ];
    for (what, (session_id, epoch), by_id, expected) in table {
        let request = FetchRequest::default().with_session_id(session_id).with_session_epoch(epoch);
        assert_eq!(sessions.kind(&request, by_id), expected, "{what}");
    }
    assert_eq!([next_epoch(0), next_epoch(1), next_epoch(i32::MAX), next_epoch(-1)], [1, 2, 1, -1]);
}

#[test]
fn slots_go_to_followers_and_to_larger_sessions() {
    // Who is there (follower, partitions), after how many seconds who else comes, and whether there is room.
    let table = [
        ("a consumer's for a follower's", (None, 5), 1, (Some(2), 1), true),
        ("a follower's not for a consumer's", (Some(2), 5), 119, (None, 50), false),
        ("an equal one", (None, 5), 119, (None, 5), false),
        ("a larger one, too early", (None, 5), 119, (None, 6), false),
        ("one that was silent for two minutes", (Some(2), 5), 121, (None, 1), true),
    ];
    for (what, (follower, size), secs, (newcomer, new_size), expected) in table {
        let (mut sessions, mut rng) = (FetchSessions::new(1), Rng::new(1));
        let (old, _) = sessions.begin(&mut rng, follower, size, Time::ZERO);
        let session = sessions.get_mut(old).unwrap();
        (0..i32::try_from(size).unwrap()).for_each(|n| session.ask(place(n), asked(n, 0), true));
        let (new, evicted) = sessions.begin(&mut rng, newcomer, new_size, Time::from_millis(secs * 1000));
        assert_eq!((new != NO_SESSION, evicted.is_some()), (expected, expected), "{what}");
        assert_eq!(sessions.get_mut(old).is_some(), !expected, "{what}");
    }
    // A larger one gets the slot of one that is old enough, though in use.
    let (mut sessions, mut rng) = (FetchSessions::new(1), Rng::new(1));
    let (old, _) = sessions.begin(&mut rng, None, 1, Time::ZERO);
    sessions.get_mut(old).unwrap().last_fetch = Time::from_millis(130_000);
    assert_ne!(sessions.begin(&mut rng, None, 2, Time::from_millis(131_000)).0, NO_SESSION);
}

#[test]
fn only_news_is_said_and_what_is_quiet_rests() {
    let mut session = Session::new(1, Some(2), Time::ZERO);
    (0..3).for_each(|n| session.ask(place(n), asked(n, 0), true));
    for n in 0..3 {
        assert!(session.is_news(place(n), &row(0, b"")), "said for the first time");
        session.told(place(n), &row(0, b""));
        assert!(!session.is_news(place(n), &row(0, b"")));
        session.rest(place(n), &row(0, b""));
    }
    assert!(session.active().is_empty());
    let error = row(-1, b"").with_error_code(3);
    for news in [row(1, b""), row(0, b"x"), error.clone(), row(0, b"").with_log_start_offset(1)] {
        assert!(session.is_news(place(0), &news), "{news:?}");
    }
    // After an error the good state is news again.
    session.told(place(0), &error);
    assert!(session.is_news(place(0), &row(0, b"")));
    // Something moved: it does not rest, and it is told of once.
    assert!(session.wake(place(1)) && !session.wake(place(1)) && !session.wake(place(9)));
    session.rest(place(1), &row(5, b""));
    assert_eq!(session.active().len(), 1, "there is news of it");
}

#[test]
fn what_gave_records_is_served_last() {
    let mut session = Session::new(1, None, Time::ZERO);
    (0..3).for_each(|n| session.ask(place(n), asked(n, 0), true));
    session.told(place(0), &row(1, b"x"));
    let order: Vec<i32> = session.active().iter().map(|(place, ..)| place.1).collect();
    assert_eq!(order, [1, 2, 0]);
    session.forget(place(2));
    session.ask(place(2), asked(2, 0), true);
    let order: Vec<i32> = session.active().iter().map(|(place, ..)| place.1).collect();
    assert_eq!(order, [1, 0, 2]);
    // Who goes back has to be told all again.
    session.told(place(1), &row(1, b""));
    session.ask(place(1), asked(1, 4), true);
    assert!(!session.is_news(place(1), &row(1, b"")));
    session.ask(place(1), asked(1, 2), true);
    assert!(session.is_news(place(1), &row(1, b"")));
}

#[test]
fn sessions_left_behind_are_awake_and_are_not_woken() {
    let (mut sessions, mut rng) = (FetchSessions::new(10), Rng::new(1));
    let (id, _) = sessions.begin(&mut rng, Some(2), 1, Time::from_millis(7));
    let mut ids = Ids::default();
    let [first, second] = [ids.connection(), ids.connection()];
    sessions.attach(first, id);
    let session = sessions.get_mut(id).unwrap();
    session.ask(place(0), asked(0, 0), true);
    session.told(place(0), &row(0, b""));
    session.rest(place(0), &row(0, b""));
    assert!(sessions.wake(place(1)).is_empty() && !sessions.is_woken(id));
    // Its connection is gone: the follower was caught up at its last fetch.
    assert_eq!(sessions.detach(first), [(place(0), 2, Time::from_millis(7))]);
    assert_eq!(sessions.get_mut(id).unwrap().active().len(), 1);
    assert!(sessions.wake(place(0)).is_empty() && !sessions.is_woken(id));
    // It goes on over another.
    sessions.attach(second, id);
    sessions.get_mut(id).unwrap().rest(place(0), &row(0, b""));
    assert_eq!(sessions.wake(place(0)), [(2, Time::from_millis(7))]);
    assert!(sessions.is_woken(id));
    assert!(sessions.detach(first).is_empty());
}

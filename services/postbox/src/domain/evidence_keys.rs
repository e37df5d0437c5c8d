//! When each key signs evidence, and until when it counts.

use std::time::Duration;

use siegel_kernel::Timestamp;

/// How long a key counts after the next took over: replicas that do not know the next yet go on
/// with it.
pub const OVERLAP: Duration = Duration::from_hours(1);

/// A key with the times between which it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dated {
    pub kid: String,
    pub from: Timestamp,
    pub to: Option<Timestamp>,
}

/// A key of the settings; `from` is empty for the one that signs before the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configured {
    pub kid: String,
    pub from: Option<Timestamp>,
}

/// The key that should sign now was replaced, and has ended: it signs no more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the evidence key {0} was replaced and signs no more; configure the newer one")]
pub struct KeyEnded(pub String);

/// What is to be published: all of `configured` (in the order of their times), and what changes in
/// those `published` before. A key that took over keeps its beginning, also when the clock is set
/// back behind it, and one that ended its end. One that is announced can be put off or brought
/// forward while the time it is given lies ahead.
pub fn schedule(
    published: &[Dated],
    configured: &[Configured],
    now: Timestamp,
) -> Result<Vec<Dated>, KeyEnded> {
    let known = |kid: &str| published.iter().find(|key| key.kid == kid);
    let mut own: Vec<Dated> = Vec::new();
    for key in configured {
        let asked = key.from.map_or(now, |from| from.max(now));
        let is_ahead = key.from.is_some_and(|from| from > now);
        let began = |from: &Timestamp| *from <= now || !is_ahead;
        let from = known(&key.kid).map(|row| row.from).filter(began);
        own.push(Dated { kid: key.kid.clone(), from: from.unwrap_or(asked), to: None });
    }
    own.sort_by_key(|key| key.from);
    let is_own = |kid: &str| configured.iter().any(|key| key.kid == kid);
    let mut others: Vec<Dated> =
        published.iter().filter(|key| !is_own(&key.kid)).cloned().collect();
    let starts: Vec<Timestamp> = own.iter().chain(&others).map(|key| key.from).collect();
    let after = |from: Timestamp| starts.iter().copied().filter(|next| *next > from).min();
    for key in &mut own {
        let end = known(&key.kid).and_then(|row| row.to).filter(|end| *end < now);
        key.to = end.or_else(|| after(key.from).map(|next| next.plus(OVERLAP)));
    }
    let signing = own.iter().rev().find(|key| key.from <= now);
    if let Some(ended) = signing.filter(|key| key.to.is_some_and(|end| end < now)) {
        return Err(KeyEnded(ended.kid.clone()));
    }
    // A key that others announced, and this process does not know, stays as it is.
    for key in others.iter_mut().filter(|key| key.to.is_none()) {
        // Even one that began at the same instant is replaced by ours.
        let ours = own.iter().map(|own| own.from).filter(|from| *from >= key.from).min();
        key.to = ours.into_iter().chain(after(key.from)).min().map(|next| next.plus(OVERLAP));
    }
    own.append(&mut others);
    own.retain(|key| known(&key.kid) != Some(key));
    Ok(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_seconds(hour * 3600)
    }

    fn dated(kid: &str, from: i64, to: Option<i64>) -> Dated {
        Dated { kid: kid.into(), from: at(from), to: to.map(at) }
    }

    fn own(kid: &str, from: Option<i64>) -> Configured {
        Configured { kid: kid.into(), from: from.map(at) }
    }

    #[test]
    fn the_first_key_counts_from_its_first_start_on() {
        let done = schedule(&[], &[own("a", None)], at(5)).unwrap();
        assert_eq!(done, [dated("a", 5, None)]);
        assert_eq!(schedule(&done, &[own("a", None)], at(9)).unwrap(), [], "nothing changes later");
    }

    #[test]
    fn an_announced_key_is_published_ahead_and_ends_the_one_before_an_hour_after_its_start() {
        let published = [dated("a", 5, None)];
        let keys = [own("a", None), own("b", Some(20))];
        let done = schedule(&published, &keys, at(9)).unwrap();
        assert_eq!(done, [dated("a", 5, Some(21)), dated("b", 20, None)]);
    }

    #[test]
    fn a_replica_with_the_old_settings_ends_no_newer_key_and_signs_until_its_own_ends() {
        let published = [dated("a", 5, Some(21)), dated("b", 20, None)];
        assert_eq!(schedule(&published, &[own("a", None)], at(10)).unwrap(), []);
        assert_eq!(schedule(&published, &[own("a", None)], at(21)).unwrap(), []);
        let late = schedule(&published, &[own("a", None)], at(22));
        assert_eq!(late, Err(KeyEnded("a".into())));
    }

    #[test]
    fn a_replaced_file_takes_over_at_once_and_the_old_key_ends_in_an_hour() {
        let done = schedule(&[dated("a", 5, None)], &[own("b", None)], at(30)).unwrap();
        assert_eq!(done, [dated("b", 30, None), dated("a", 5, Some(31))]);
        let at_once = schedule(&[dated("a", 30, None)], &[own("b", None)], at(30)).unwrap();
        assert_eq!(at_once, [dated("b", 30, None), dated("a", 30, Some(31))]);
    }

    #[test]
    fn an_announced_key_can_be_put_off_but_not_once_it_signs() {
        let published = [dated("a", 5, Some(21)), dated("b", 20, None)];
        let later = [own("a", None), own("b", Some(40))];
        let done = schedule(&published, &later, at(10)).unwrap();
        assert_eq!(done, [dated("a", 5, Some(41)), dated("b", 40, None)]);
        assert_eq!(schedule(&published, &later, at(20)).unwrap(), []);
    }

    #[test]
    fn an_announced_key_can_be_brought_forward_to_a_time_ahead() {
        let published = [dated("a", 5, Some(41)), dated("b", 40, None)];
        let sooner = [own("a", None), own("b", Some(20))];
        let done = schedule(&published, &sooner, at(10)).unwrap();
        assert_eq!(done, [dated("a", 5, Some(21)), dated("b", 20, None)]);
    }

    #[test]
    fn a_clock_that_is_set_back_moves_no_beginning() {
        assert_eq!(schedule(&[dated("a", 5, None)], &[own("a", None)], at(4)).unwrap(), []);
        let published = [dated("a", 5, Some(21)), dated("b", 20, None)];
        let keys = [own("a", None), own("b", Some(20))];
        assert_eq!(schedule(&published, &keys, at(19)).unwrap(), []);
        let late = [dated("a", 5, Some(31)), dated("b", 30, None)];
        assert_eq!(schedule(&late, &keys, at(29)).unwrap(), [], "told after its time");
    }

    #[test]
    fn when_the_older_key_leaves_the_settings_nothing_changes() {
        let published = [dated("a", 5, Some(21)), dated("b", 20, None)];
        assert_eq!(schedule(&published, &[own("b", None)], at(30)).unwrap(), []);
    }
}

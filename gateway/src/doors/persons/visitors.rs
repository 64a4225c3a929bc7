//! How often anybody may ask without a login: of each address, and all together. In memory only.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Mutex, PoisonError},
    time::Duration,
};

const MINUTE: Duration = Duration::from_secs(60);
/// Questions a minute of one address, and of all.
const OF_ONE: u32 = 10;
const OF_ALL: u32 = 600;
/// Addresses that are remembered; of more nobody new may ask until the minute is over.
const ADDRESSES: usize = 10_000;

/// What was asked in the minute.
#[derive(Default)]
pub(super) struct Visitors(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    began: Duration,
    all: u32,
    by_address: HashMap<IpAddr, u32>,
}

impl Visitors {
    /// Takes one question of an address.
    #[must_use]
    pub(super) fn may_ask(&self, address: IpAddr, now: Duration) -> bool {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if now.saturating_sub(minute.began) >= MINUTE {
            *minute = Minute { began: now, ..Minute::default() };
        }
        let address = network(address);
        let is_full = minute.by_address.len() >= ADDRESSES && !minute.by_address.contains_key(&address);
        if is_full || minute.all >= OF_ALL {
            return false;
        }
        let asked = minute.by_address.entry(address).or_default();
        if *asked >= OF_ONE {
            return false;
        }
        *asked += 1;
        minute.all += 1;
        true
    }
}

/// Whoever has one address of version 6 has its 2^64 neighbours.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.into(),
            None => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
        },
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_asks_ten_times_a_minute_and_all_together_no_more_than_is_recorded() {
        let visitors = Visitors::default();
        let of = |last: u8| IpAddr::from([192, 0, 2, last]);
        let asked = |address, now| (0..20).filter(|_| visitors.may_ask(address, now)).count();
        assert_eq!(asked(of(1), Duration::ZERO), 10);
        assert_eq!(asked("::ffff:192.0.2.1".parse().unwrap(), Duration::ZERO), 0, "the same address");
        assert_eq!(asked("2001:db8::1".parse().unwrap(), Duration::ZERO), 10);
        assert_eq!(asked("2001:db8::2".parse().unwrap(), Duration::ZERO), 0, "of the same network");
        assert_eq!((2..=255).map(|last| asked(of(last), Duration::ZERO)).sum::<usize>(), 580);
        assert_eq!(asked(of(1), MINUTE), 10, "a minute later");
    }

    #[test]
    fn so_many_addresses_are_remembered_and_no_more() {
        let visitors = Visitors::default();
        visitors.0.lock().unwrap().by_address =
            (0..ADDRESSES).map(|at| (IpAddr::from((at as u32).to_be_bytes()), 1)).collect();
        assert!(!visitors.may_ask("203.0.113.1".parse().unwrap(), Duration::ZERO));
        assert!(visitors.may_ask(IpAddr::from([0, 0, 0, 1]), Duration::ZERO), "one that is known");
    }
}

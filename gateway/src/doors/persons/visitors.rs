//! How often anybody may ask without a login: of each network, and all together.

use std::net::{IpAddr, Ipv6Addr};

use crate::{
    gateway::Gateway,
    state::visits::{Said, Step, Unreached, Visits, keyed},
};

/// Takes one question of an address: of this gateway's minute first, since whoever asks too often here asks no database.
///
/// # Errors
/// Where it cannot be told.
pub(super) async fn may_ask(gateway: &Gateway, here: &dyn Visits, address: IpAddr) -> Result<bool, Unreached> {
    let address = network(address).to_string();
    let keys = keyed(gateway.visits_key().digest("credit/asked", &[address.as_bytes()]));
    let Some(network) = keys.into_iter().next() else { return Ok(false) };
    if here.make(Step::Ask(network)).await? != Said::Yes {
        return Ok(false);
    }
    match gateway.cluster {
        Some(_) => Ok(gateway.visits.make(Step::Ask(network)).await? == Said::Yes),
        None => Ok(true),
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
    fn an_address_stands_for_its_network() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
    }
}

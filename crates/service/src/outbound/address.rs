//! Which addresses on the internet are somebody else's, and which are ours or nobody's.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// True for addresses that the public internet routes to one machine. Everything else is refused: this machine, private
/// and shared networks, neighbours on the link (cloud metadata among them), groups, documentation, and IPv6 forms that
/// carry such an IPv4 address inside.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// True for addresses that name one machine at all, be it on a private network.
pub(crate) fn is_one_machine(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let is_broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_multicast() || address.is_unspecified() || is_broadcast)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let octets = address.octets();
    let refused = match octets {
        // This network, this machine, multicast, reserved, broadcast.
        [0 | 127 | 224..=255, ..] => true,
        // Shared by carriers (RFC 6598).
        [100, 64..=127, ..] => true,
        // Protocol assignments (RFC 6890), the old 6to4 relay, benchmarks (RFC 2544).
        [192, 0, 0, _] | [192, 88, 99, _] | [198, 18 | 19, ..] => true,
        // Alibaba's metadata service stands in the shared range, Azure's wire server on a public address.
        [168, 63, 129, 16] => true,
        _ => address.is_private() || address.is_link_local() || address.is_documentation(),
    };
    !refused
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    if let Some(inner) = carried(segments) {
        return is_public_v4(inner);
    }
    // Only 2000::/3 is given out. Inside of it: Teredo and other protocol assignments, benchmarks and ORCHID
    // (2001::/23), documentation (2001:db8::/32, 3fff::/20), 6to4 is above.
    let given_out = segments[0] & 0xe000 == 0x2000;
    let assigned = segments[0] == 0x2001 && segments[1] < 0x200;
    let documentation = (segments[0] == 0x2001 && segments[1] == 0xdb8)
        || (segments[0] == 0x3fff && segments[1] & 0xf000 == 0);
    given_out && !assigned && !documentation
}

/// The IPv4 address that an IPv6 form delivers to: mapped, compatible, NAT64 (RFC 6052, RFC 8215) and 6to4.
fn carried(segments: [u16; 8]) -> Option<Ipv4Addr> {
    let join = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match segments {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => Some(join(high, low)),
        [0, 0, 0, 0, 0xffff, 0, high, low] => Some(join(high, low)),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(join(high, low)),
        // A network's own NAT64 prefix may put the address anywhere: never public.
        [0x64, 0xff9b, 1, ..] => Some(Ipv4Addr::UNSPECIFIED),
        [0x2002, high, low, ..] => Some(join(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn public(text: &str) -> bool {
        is_public(text.parse().expect("an address"))
    }

    #[test]
    fn other_peoples_machines_are_public() {
        for text in
            ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.1", "172.15.0.1", "172.32.0.1", "192.0.1.1"]
        {
            assert!(public(text), "{text}");
        }
        for text in [
            "2606:4700::1111",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ] {
            assert!(public(text), "{text}");
        }
    }

    #[test]
    fn ours_and_nobodys_are_not() {
        let refused = [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:0:127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2002:a9fe:a9fe::1",
            "2001::1",
            "2001:0:7f00:1::",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "5f00::1",
        ];
        for text in refused {
            assert!(!public(text), "{text}");
        }
    }

    fn refused_v4() -> impl Strategy<Value = Ipv4Addr> {
        let net = |base: [u8; 4], bits: u32| {
            any::<u32>().prop_map(move |host| {
                let mask = u32::MAX.checked_shr(bits).unwrap_or(0);
                Ipv4Addr::from(u32::from_be_bytes(base) | (host & mask))
            })
        };
        prop_oneof![
            net([0, 0, 0, 0], 8),
            net([10, 0, 0, 0], 8),
            net([100, 64, 0, 0], 10),
            net([127, 0, 0, 0], 8),
            net([169, 254, 0, 0], 16),
            net([172, 16, 0, 0], 12),
            net([192, 168, 0, 0], 16),
            net([198, 18, 0, 0], 15),
            net([203, 0, 113, 0], 24),
            net([224, 0, 0, 0], 3),
        ]
    }

    proptest! {
        #[test]
        fn no_dress_hides_a_refused_address(inner in refused_v4(), tail in any::<u16>()) {
            let [a, b, c, d] = inner.octets().map(u16::from);
            let (high, low) = (a << 8 | b, c << 8 | d);
            let dresses = [
                inner.to_ipv6_mapped(),
                inner.to_ipv6_compatible(),
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
                Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
                Ipv6Addr::new(0x2002, high, low, tail, tail, tail, tail, tail),
            ];
            prop_assert!(!is_public(inner.into()));
            for dress in dresses {
                prop_assert!(!is_public(dress.into()), "{}", dress);
            }
        }

        #[test]
        fn public_ipv6_is_global_unicast(bits in any::<u128>()) {
            let address = Ipv6Addr::from(bits);
            if is_public(address.into()) && carried(address.segments()).is_none() {
                prop_assert_eq!(address.segments()[0] >> 13, 1);
            }
        }

        #[test]
        fn what_is_public_is_one_machine(bits in any::<u32>(), more in any::<u128>()) {
            for address in [IpAddr::from(Ipv4Addr::from(bits)), IpAddr::from(Ipv6Addr::from(more))] {
                prop_assert!(!is_public(address) || is_one_machine(address), "{}", address);
            }
        }
    }
}

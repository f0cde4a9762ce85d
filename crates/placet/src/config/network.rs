//! Networks in CIDR notation.
//!
//! Spec: RFC 4632 §3.1, RFC 4291 §2.3

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::problem::Fault;

/// A network: all addresses that share its first bits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix_bits: u8,
}

impl Network {
    /// Reads `address/bits`, or an address alone for exactly that address.
    ///
    /// # Errors
    /// Says what is wrong, and what was probably meant when bits beyond the prefix are set.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || {
            Fault::new(format!("holds {text:?}, which is not a network"))
                .hint("for example \"10.0.0.0/8\"")
        };
        let (address, bits) = text
            .split_once('/')
            .map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| fault())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits = match bits {
            None => longest,
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|bits| *bits <= longest)
                .ok_or_else(fault)?,
        };
        let network = Self {
            address: masked(address, prefix_bits),
            prefix_bits,
        };
        if network.address != address {
            let fault = Fault::new(format!("holds {text:?}, an address inside of a network"));
            return Err(fault.hint(format!(
                "write \"{network}\", or \"{address}\" for this address alone"
            )));
        }
        Ok(network)
    }

    /// Whether the address belongs to the network; an IPv4 address in IPv6 clothes counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.address.is_ipv4()
            && masked(address, self.prefix_bits) == self.address
    }
}

fn masked(address: IpAddr, prefix_bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX
                .checked_shl(32 - u32::from(prefix_bits.min(32)))
                .unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX
                .checked_shl(128 - u32::from(prefix_bits.min(128)))
                .unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.address, self.prefix_bits)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

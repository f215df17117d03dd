//! How many connections each address has: one client must not take everybody's place.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::rate::neighbourhood;

/// Open connections by address.
#[derive(Clone)]
pub(super) struct Crowd {
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
    most: Option<usize>,
}

/// A connection that counts for its address until this is dropped.
pub(super) struct Counted {
    crowd: Crowd,
    address: IpAddr,
}

impl Crowd {
    /// At most so many connections of one address; none is no limit.
    pub fn new(most: Option<usize>) -> Self {
        Self { open: Arc::default(), most }
    }

    /// Counts a connection; nothing when its address has as many as it may.
    pub fn admit(&self, address: IpAddr) -> Option<Counted> {
        let address = neighbourhood(address);
        let mut open = self.lock();
        let count = open.entry(address).or_default();
        if self.most.is_some_and(|most| *count >= most) {
            return None;
        }
        *count += 1;
        Some(Counted { crowd: self.clone(), address })
    }

    /// All changes are single steps: what a panic left behind is whole.
    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.crowd.lock();
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gets_its_share_and_gone_connections_make_room() {
        let crowd = Crowd::new(Some(2));
        let (near, far) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let first = crowd.admit(near);
        let second = crowd.admit(near);
        assert!(first.is_some() && second.is_some() && crowd.admit(near).is_none());
        assert!(crowd.admit(far).is_some());
        drop(first);
        assert!(crowd.admit(near).is_some());
        drop(second);
        assert!(crowd.lock().is_empty(), "nothing is kept of those who have gone");
        let open = Crowd::new(None);
        let many: Vec<_> = (0..1_000).map(|_| open.admit(near)).collect();
        assert!(many.iter().all(Option::is_some));
    }
}

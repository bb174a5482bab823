//! Leases: requests that an instance reserves from a caller's limit in advance.
//!
//! Each API key has a limit in a row that all instances share. So that not every request writes the
//! row, an instance with many requests takes several at once and admits them from memory for a
//! second: twice as many each time, up to what the key may use in a second. Unused requests are
//! lost. A caller may therefore be refused too early, by at most as many requests as it has just
//! made, and never too late.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use super::{Policy, Quota};
use crate::clock::Timestamp;

/// Time for which an instance may use the requests that it took.
pub const LEASE: Duration = Duration::from_secs(1);

/// Maximum number of callers whose leases an instance remembers.
const MAX_LEASES: usize = 1000;

/// Requests that an instance may admit by itself.
#[derive(Debug, Default)]
pub struct Leases(Mutex<HashMap<String, Lease>>);

/// Requests reserved in advance.
#[derive(Clone, Copy, Debug)]
pub struct Lease {
    pub taken: u64,
    pub left: u64,
    pub until: Timestamp,
    /// Requests left in the row besides the lease, and the time at which the limit is full again.
    pub beside: u64,
    pub full_at: Timestamp,
}

/// State of a caller's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub quantity: u64,
    pub left: u64,
    /// Seconds until the limit is full again.
    pub full_in: u64,
    /// Time that the caller must wait, if it was refused.
    pub refused: Option<Duration>,
}

pub fn quantity(policy: &Policy) -> u64 {
    policy.quotas.first().map_or(0, Quota::quantity)
}

impl Lease {
    pub fn standing(&self, policy: &Policy, refused: Option<Duration>, now: Timestamp) -> Standing {
        Standing {
            quantity: quantity(policy),
            left: match refused {
                Some(_) => 0,
                None => self.left + self.beside,
            },
            full_in: now.until(self.full_at).as_millis().div_ceil(1000) as u64,
            refused,
        }
    }
}

impl Leases {
    /// Admits or refuses a request from memory, or returns `None` if the row must be read.
    pub fn take(&self, policy: &Policy, now: Timestamp) -> Option<Standing> {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lease = leases
            .get_mut(&policy.name)
            .filter(|lease| now < lease.until)?;
        match lease {
            Lease { taken: 0, .. } => {
                let refused = now.until(lease.until);
                Some(lease.standing(policy, Some(refused), now))
            }
            Lease { left: 0, .. } => None,
            _ => {
                lease.left -= 1;
                Some(lease.standing(policy, None, now))
            }
        }
    }

    /// Returns how many requests to reserve next: more than one only if the last ones were used up
    /// early.
    pub fn wanted(&self, policy: &Policy, now: Timestamp) -> u64 {
        let leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = leases.get(&policy.name).filter(|lease| now < lease.until);
        let of_a_second = (quantity(policy) / 60).max(1);
        last.map_or(1, |lease| (2 * lease.taken).clamp(1, of_a_second))
    }

    pub fn keep(&self, policy: &Policy, lease: Lease) {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.len() >= MAX_LEASES {
            leases.clear();
        }
        leases.insert(policy.name.clone(), lease);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Unit;

    const NOW: Timestamp = Timestamp(1_790_000_000_000);

    #[test]
    fn a_lease_is_given_out_for_its_second() {
        let leases = Leases::default();
        let policy = Policy {
            name: "key:k".to_owned(),
            quotas: vec![Quota::rate(Unit::Requests, 600, Duration::from_secs(60))],
            breaks: false,
            waits: false,
        };
        assert_eq!(leases.take(&policy, NOW), None);
        assert_eq!(leases.wanted(&policy, NOW), 1);
        let lease = Lease {
            taken: 3,
            left: 2,
            until: NOW + LEASE,
            beside: 20,
            full_at: NOW + Duration::from_millis(1001),
        };
        leases.keep(&policy, lease);
        let first = leases.take(&policy, NOW).unwrap();
        assert_eq!((first.left, first.full_in, first.refused), (21, 2, None));
        assert!(leases.take(&policy, NOW).is_some());
        assert_eq!(leases.take(&policy, NOW), None, "used up");
        assert_eq!(leases.wanted(&policy, NOW), 6);
        assert_eq!(leases.wanted(&policy, NOW + LEASE), 1);
        leases.keep(&policy, lease);
        assert_eq!(leases.take(&policy, NOW + LEASE), None, "over");
        let refused = Lease {
            taken: 0,
            left: 0,
            ..lease
        };
        leases.keep(&policy, refused);
        assert_eq!(leases.take(&policy, NOW).unwrap().refused, Some(LEASE));
        assert_eq!(leases.take(&policy, NOW + LEASE), None, "may ask again");
    }
}

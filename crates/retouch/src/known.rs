//! What a plugin found out about the picture under its layer, kept as long as that picture stays: a slider that moves
//! then costs the drawing alone.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// Something a plugin finds on a picture whatever its strength.
pub trait Finding: Any + Send + Sync {
    /// Bytes held.
    fn memory(&self) -> usize;
}

/// Room for the findings of one plugin on one picture.
#[derive(Default)]
pub struct Known(Mutex<Option<Arc<dyn Finding>>>);

impl Known {
    /// The finding that is there, if it is one that `fits`.
    pub(crate) fn get<T: Finding>(&self, fits: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let finding = self.lock().clone()?;
        let finding: Arc<dyn Any + Send + Sync> = finding;
        finding.downcast::<T>().ok().filter(|finding| fits(finding))
    }

    /// Puts a finding in the place of what is there.
    pub(crate) fn put(&self, finding: Arc<dyn Finding>) {
        *self.lock() = Some(finding);
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        self.lock().as_ref().map_or(0, |finding| finding.memory())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<dyn Finding>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Spots(usize);

    impl Finding for Spots {
        fn memory(&self) -> usize {
            self.0
        }
    }

    struct Folds;

    impl Finding for Folds {
        fn memory(&self) -> usize {
            1
        }
    }

    #[test]
    fn only_what_was_put_in_and_fits_comes_out() {
        let known = Known::default();
        assert!(known.get::<Spots>(|_| true).is_none());
        known.put(Arc::new(Spots(3)));
        assert!(known.get::<Folds>(|_| true).is_none());
        assert!(known.get::<Spots>(|spots| spots.0 == 4).is_none());
        assert_eq!(known.get::<Spots>(|spots| spots.0 == 3).map(|spots| spots.0), Some(3));
        assert_eq!(known.memory(), 3);
        known.put(Arc::new(Folds));
        assert_eq!(known.memory(), 1);
    }
}

//! What a plugin found out about the picture under its layer, kept as long as that picture stays: a slider that moves
//! then costs the drawing alone.

use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// Something a plugin finds on a picture whatever its strength.
pub trait Knowledge: Any + Send + Sync {
    /// Bytes held.
    fn memory(&self) -> usize;
}

/// Room for what one plugin knows on one picture.
#[derive(Default)]
pub struct Known(Mutex<Option<Arc<dyn Knowledge>>>);

impl Known {
    /// What is known, if it is one that `fits`.
    pub(crate) fn get<T: Knowledge>(&self, fits: impl Fn(&T) -> bool) -> Option<Arc<T>> {
        let knowledge = self.lock().clone()?;
        let knowledge: Arc<dyn Any + Send + Sync> = knowledge;
        knowledge.downcast::<T>().ok().filter(|knowledge| fits(knowledge))
    }

    /// Puts knowledge in the place of what is there.
    pub(crate) fn put(&self, knowledge: Arc<dyn Knowledge>) {
        *self.lock() = Some(knowledge);
    }

    /// Bytes held.
    pub(crate) fn memory(&self) -> usize {
        self.lock().as_ref().map_or(0, |knowledge| knowledge.memory())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<dyn Knowledge>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Spots(usize);

    impl Knowledge for Spots {
        fn memory(&self) -> usize {
            self.0
        }
    }

    struct Folds;

    impl Knowledge for Folds {
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

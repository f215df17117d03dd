//! Values on their way into a statement, as both engines keep them.

use std::borrow::Cow;

/// What can be bound. PostgreSQL refuses a statement with a NUL in a text, and a client can write one into any name or
/// path; such a text is bound with U+FFFD instead, so that it names nothing or is kept readable, on either engine.
pub(crate) trait Bind {
    /// What is bound.
    type Bound;

    /// The value as it is bound.
    fn bound(self) -> Self::Bound;
}

impl<'q> Bind for &'q str {
    type Bound = Cow<'q, str>;

    fn bound(self) -> Cow<'q, str> {
        if self.contains('\0') { Cow::Owned(self.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(self) }
    }
}

impl<'q> Bind for &'q String {
    type Bound = Cow<'q, str>;

    fn bound(self) -> Cow<'q, str> {
        self.as_str().bound()
    }
}

impl Bind for String {
    type Bound = String;

    fn bound(self) -> String {
        if self.contains('\0') { self.replace('\0', "\u{fffd}") } else { self }
    }
}

impl<T: Bind> Bind for Option<T> {
    type Bound = Option<T::Bound>;

    fn bound(self) -> Self::Bound {
        self.map(T::bound)
    }
}

impl<'q> Bind for &'q Option<String> {
    type Bound = Option<Cow<'q, str>>;

    fn bound(self) -> Self::Bound {
        self.as_deref().bound()
    }
}

macro_rules! bound_as_it_is {
    ($($type:ty),*) => {
        $(impl Bind for $type {
            type Bound = $type;

            fn bound(self) -> $type {
                self
            }
        })*
    };
}

bound_as_it_is!(bool, i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_bytes_are_replaced() {
        assert_eq!("jäcket".bound(), "jäcket");
        assert_eq!((&"a\0b".to_owned()).bound(), "a\u{fffd}b");
        assert_eq!(Some("\0".to_owned()).bound(), Some("\u{fffd}".to_owned()));
        assert_eq!((None::<&str>.bound(), 7.bound()), (None, 7));
    }
}

//! Sets of the rows of a fixed table, one bit for each row.

/// Defines a set of the items of an enum whose variants are the rows of a table, in the table's order.
/// The enum has `all()`, `name()` and `named()`.
///
/// Security: a table of more than 64 rows does not compile. A shift past the last bit would give two rows
/// the same bit, so a person who allows one of two fields would also allow the other.
macro_rules! bit_set {
    ($(#[$doc:meta])* $visibility:vis struct $set:ident of $item:ident, $table:expr;) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
        $visibility struct $set(u64);

        const _: () = assert!($table.len() <= u64::BITS as usize, "the table has more rows than the set has bits");

impl $set {
            $visibility const EMPTY: Self = Self(0);

            fn bit(item: $item) -> u64 {
                1 << item as u64
            }

            $visibility fn all() -> Self {
                $item::all().collect()
            }
            $visibility fn contains(self, item: $item) -> bool {
                self.0 & Self::bit(item) != 0
            }
            $visibility fn insert(&mut self, item: $item) {
                self.0 |= Self::bit(item);
            }
            $visibility fn is_empty(self) -> bool {
                self.0 == 0
            }
            #[must_use]
            $visibility fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }
            #[must_use]
            $visibility fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }
            /// The items that are not in `other`.
            #[must_use]
            $visibility fn without(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }
            $visibility fn is_within(self, other: Self) -> bool {
                self.without(other).is_empty()
            }
            /// In the table's order.
            $visibility fn iter(self) -> impl Iterator<Item = $item> {
                $item::all().filter(move |item| self.contains(*item))
            }
            /// The names, for the database and JSON.
            $visibility fn names(self) -> Vec<String> {
                self.iter().map(|item| item.name().to_owned()).collect()
            }
            /// The inverse of [`Self::names`]. Names that are not in the table are left out: an item that
            /// was removed from the table is no longer shared.
            $visibility fn of_names<'a>(names: impl IntoIterator<Item = &'a String>) -> Self {
                names.into_iter().filter_map(|name| $item::named(name)).collect()
            }
        }

        impl FromIterator<$item> for $set {
            fn from_iter<I: IntoIterator<Item = $item>>(items: I) -> Self {
                let mut set = Self::EMPTY;
                items.into_iter().for_each(|item| set.insert(item));
                set
            }
        }

        /// Space-separated, as OAuth writes scopes.
        impl ::std::fmt::Display for $set {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                for (at, item) in self.iter().enumerate() {
                    let space = if at == 0 { "" } else { " " };
                    write!(f, "{space}{}", item.name())?;
                }
                Ok(())
            }
        }

        impl ::std::fmt::Debug for $set {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(f, "{}({self})", stringify!($set))
            }
        }
    };
}

pub(crate) use bit_set;

#[cfg(test)]
mod tests {
    const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-";

    /// An item of a table of 64 rows, the maximum.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[repr(u8)]
    enum Row {
        First = 0,
        Second = 1,
        Seventeenth = 16,
        Last = 63,
    }

    impl Row {
        fn all() -> impl Iterator<Item = Self> {
            [Self::First, Self::Second, Self::Seventeenth, Self::Last].into_iter()
        }

        fn name(self) -> &'static str {
            let at = self as usize;
            LETTERS.get(at..=at).unwrap_or_default()
        }

        fn named(name: &str) -> Option<Self> {
            Self::all().find(|row| row.name() == name)
        }
    }

    bit_set! {
        struct Rows of Row, LETTERS;
    }

    #[test]
    fn every_row_of_the_largest_table_has_a_bit_of_its_own() {
        for row in Row::all() {
            let only = Rows::from_iter([row]);
            assert_eq!(only.iter().collect::<Vec<_>>(), [row]);
            assert_eq!(Rows::of_names(&only.names()), only);
        }
        assert_eq!(Rows::all().to_string(), "a b q -");
    }

    #[test]
    fn rows_sixteen_apart_are_not_mistaken_for_each_other() {
        let first = Rows::from_iter([Row::First]);
        let seventeenth = Rows::from_iter([Row::Seventeenth]);
        assert!(!first.contains(Row::Seventeenth));
        assert!(first.intersection(seventeenth).is_empty());
        assert!(!seventeenth.is_within(first));
        assert_eq!(first.union(seventeenth).without(first), seventeenth);
    }
}

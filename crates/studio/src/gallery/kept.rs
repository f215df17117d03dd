//! Finished pieces that are kept for the next who asks, up to so many bytes.

use std::collections::HashMap;
use std::hash::Hash;

use bytes::Bytes;

/// Pieces by key; those asked for longest ago go first.
pub struct Kept<K> {
    pieces: HashMap<K, (u64, Bytes)>,
    turn: u64,
    bytes: usize,
    room: usize,
}

impl<K: Hash + Eq + Clone> Kept<K> {
    /// Keeps at most `room` bytes.
    pub fn new(room: usize) -> Self {
        Self { pieces: HashMap::new(), turn: 0, bytes: 0, room }
    }

    pub fn get(&mut self, key: &K) -> Option<Bytes> {
        self.turn += 1;
        let (used, piece) = self.pieces.get_mut(key)?;
        *used = self.turn;
        Some(piece.clone())
    }

    pub fn put(&mut self, key: K, piece: Bytes) {
        self.turn += 1;
        self.bytes += piece.len();
        if let Some((_, old)) = self.pieces.insert(key, (self.turn, piece)) {
            self.bytes -= old.len();
        }
        if self.bytes > self.room {
            self.make_room();
        }
    }

    /// Down to three quarters, so that not every new piece has to look for an old one.
    fn make_room(&mut self) {
        let mut oldest: Vec<_> = self.pieces.iter().map(|(key, (used, _))| (*used, key.clone())).collect();
        oldest.sort_unstable_by_key(|(used, _)| *used);
        for (_, key) in oldest {
            if self.bytes <= self.room / 4 * 3 {
                return;
            }
            self.bytes -= self.pieces.remove(&key).map_or(0, |(_, piece)| piece.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_piece_asked_for_longest_ago_goes_first() {
        let mut kept = Kept::new(100);
        let piece = || Bytes::from(vec![0; 30]);
        for key in 0..3 {
            kept.put(key, piece());
        }
        assert!(kept.get(&0).is_some());
        kept.put(3, piece());
        assert!(kept.get(&1).is_none() && kept.get(&2).is_none(), "makes room down to three quarters");
        assert!(kept.get(&0).is_some() && kept.get(&3).is_some());
        assert_eq!(kept.bytes, 60);
    }

    #[test]
    fn a_piece_kept_twice_counts_once() {
        let mut kept = Kept::new(100);
        kept.put(1, Bytes::from(vec![0; 40]));
        kept.put(1, Bytes::from(vec![0; 50]));
        assert_eq!(kept.bytes, 50);
    }
}

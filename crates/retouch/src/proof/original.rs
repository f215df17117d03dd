//! An upload opened for proofing, and its levels.

use std::sync::{Arc, Mutex, PoisonError};

use pixel::codec::{self, DecodeNote, Decoded, Format, Header, Limits};
use pixel::colour::profile::ColourSpace;
use pixel::picture::{Metadata, Picture, Samples};
use pixel::{Orientation, Rect, Size};

use super::tile::{self, Tile};
use crate::canvas::reduce_upright;
use crate::engine::{EngineError, document_space};

/// The coarsest level is the first one that is no longer than this.
const SMALLEST: usize = 512;

/// As far as a JPEG is reduced while it is decoded. A third halving would hardly make that quicker, because most of the
/// time goes with the file's bytes; and the level next to one that is there already costs next to nothing.
const JPEG_HALVINGS: u8 = 2;

/// An upload, opened once. Levels are made when they are asked for, and kept.
pub struct Original {
    file: Arc<[u8]>,
    limits: Limits,
    header: Header,
    levels: Vec<Mutex<Option<Arc<Level>>>>,
}

impl Original {
    /// Reads the header; no pixel is decoded yet.
    ///
    /// # Errors
    /// When the format is not known, a limit is exceeded or the header is damaged.
    pub fn open(file: impl Into<Arc<[u8]>>, limits: &Limits) -> Result<Self, EngineError> {
        let file = file.into();
        let header = codec::probe(&file, limits)?;
        let mut count = 1;
        while header.size.long_edge().div_ceil(1 << (count - 1)) > SMALLEST {
            count += 1;
        }
        let levels = (0..count).map(|_| Mutex::new(None)).collect();
        Ok(Self { file, limits: *limits, header, levels })
    }

    /// Upright size at full resolution.
    pub fn size(&self) -> Size {
        self.header.orientation.turn_size(self.header.size)
    }

    /// Format of the file.
    pub fn format(&self) -> Format {
        self.header.format
    }

    /// The file's bytes.
    pub fn file(&self) -> &Arc<[u8]> {
        &self.file
    }

    /// How many levels there are; the long edge of the last is at most 512.
    pub fn levels(&self) -> u8 {
        self.levels.len() as u8
    }

    /// Upright size of a level: the sides divided by 2^`level`, rounded up.
    pub fn level_size(&self, level: u8) -> Size {
        let side = |side: usize| side.div_ceil(1 << self.existing(level));
        Size::new(side(self.size().width), side(self.size().height))
    }

    /// The coarsest level whose long edge is at least `long_edge`; 0 when even that is shorter.
    pub fn level_for(&self, long_edge: usize) -> u8 {
        let enough = |level: &u8| self.level_size(*level).long_edge() >= long_edge;
        (0..self.levels()).rev().find(enough).unwrap_or(0)
    }

    /// The pixels of a level (beyond the last one: the last), made now if they are not there. Another thread that
    /// asks meanwhile waits for them.
    ///
    /// Level 0 is the file as decoded. Coarser levels of a JPEG are decoded at their size, which takes a part of the
    /// time; those of other files are averaged from level 0, in encoded values. Either way a level is always made
    /// in the same way, so its pixels do not depend on what was asked for before.
    ///
    /// # Errors
    /// When the file is damaged. Nothing is kept then.
    pub fn level(&self, level: u8) -> Result<Arc<Level>, EngineError> {
        let level = self.existing(level);
        let mut slot = self.slot(level);
        if let Some(made) = &*slot {
            return Ok(Arc::clone(made));
        }
        let made = Arc::new(self.make(level)?);
        *slot = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Lets go of a level's pixels. Drawers and versions that use them keep them alive.
    pub fn forget(&self, level: u8) {
        *self.slot(self.existing(level)) = None;
    }

    /// Bytes held: the file and the levels made so far.
    pub fn memory(&self) -> usize {
        let levels = (0..self.levels()).filter_map(|level| self.slot(level).as_ref().map(|l| l.memory()));
        self.file.len() + levels.sum::<usize>()
    }

    fn existing(&self, level: u8) -> u8 {
        level.min(self.levels() - 1)
    }

    fn slot(&self, level: u8) -> std::sync::MutexGuard<'_, Option<Arc<Level>>> {
        // A panic while a level was made has left the slot empty, which is a valid state.
        self.levels[usize::from(level)].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks only for finer levels, so that no two threads can wait for each other.
    fn make(&self, number: u8) -> Result<Level, EngineError> {
        if number == 0 {
            return Ok(Level::new(0, codec::decode(&self.file, &self.limits)?));
        }
        if number <= JPEG_HALVINGS
            && let Some(decoded) = codec::decode_reduced(&self.file, &self.limits, number)?
        {
            return Ok(Level::new(number, decoded));
        }
        let is_jpeg = self.header.format == Format::Jpeg && self.header.channels != codec::Channels::Cmyk;
        let finer = if is_jpeg && number > JPEG_HALVINGS { JPEG_HALVINGS } else { 0 };
        Ok(self.level(finer)?.reduced(number))
    }
}

/// The picture at one size, without layers.
pub struct Level {
    number: u8,
    pub(super) picture: Picture,
    pub(super) space: ColourSpace,
    format: Format,
    notes: Vec<DecodeNote>,
}

impl Level {
    fn new(number: u8, decoded: Decoded) -> Self {
        let Decoded { picture, format, notes } = decoded;
        Self { number, space: document_space(&picture), picture, format, notes }
    }

    /// A coarser level by block averages.
    fn reduced(&self, number: u8) -> Self {
        let (picture, step) = (&self.picture, 1 << (number - self.number));
        let planes = reduce_upright(picture, picture.upright_size().rect(), step);
        let size = planes[0].size();
        let values = (0..3 * size.area()).map(|i| planes[i % 3].samples()[i / 3]);
        let rgb = quantised(values, &picture.rgb);
        let alpha = picture.alpha.as_ref().map(|alpha| {
            let means =
                (0..size.area()).map(|i| block_mean(picture, alpha, i % size.width, i / size.width, step));
            quantised(means, alpha)
        });
        let metadata = Metadata { icc: picture.metadata.icc.clone(), ..Metadata::default() };
        let picture =
            Picture { size, rgb, alpha, grey: picture.grey, orientation: Orientation::Upright, metadata };
        Self { number, picture, space: self.space.clone(), format: self.format, notes: self.notes.clone() }
    }

    /// The next coarser level by block averages.
    pub(super) fn halved(&self) -> Self {
        self.reduced(self.number + 1)
    }

    /// True when there is no coarser level.
    pub(super) fn is_coarsest(&self) -> bool {
        self.size().long_edge() <= SMALLEST
    }

    /// Which level it is: 0 is full resolution.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Upright size.
    pub fn size(&self) -> Size {
        self.picture.upright_size()
    }

    /// Format of the file.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What differs between the file and its pixels as decoded.
    pub fn notes(&self) -> &[DecodeNote] {
        &self.notes
    }

    /// The upright rectangle, cut to the level, in 8-bit sRGB. Transparent pixels lie over white.
    pub fn read(&self, rect: Rect) -> Tile {
        tile::read(&self.picture, &self.space, &[], rect)
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        let bytes = |samples: &Samples| match samples {
            Samples::U8(samples) => size_of_val(&**samples),
            Samples::U16(samples) => size_of_val(&**samples),
        };
        bytes(&self.picture.rgb) + self.picture.alpha.as_ref().map_or(0, bytes)
    }
}

/// Values 0..1 in the depth of `like`.
fn quantised(values: impl Iterator<Item = f32>, like: &Samples) -> Samples {
    match like {
        Samples::U8(_) => Samples::U8(values.map(|v| (v * 255.0 + 0.5) as u8).collect()),
        Samples::U16(_) => Samples::U16(values.map(|v| (v * 65535.0 + 0.5) as u16).collect()),
    }
}

/// Mean of one channel over the upright block (`x`, `y`) of `step` × `step` pixels, as far as the picture goes.
fn block_mean(picture: &Picture, channel: &Samples, x: usize, y: usize, step: usize) -> f32 {
    let block = Rect { x: x * step, y: y * step, width: step, height: step };
    let block = block.intersect(picture.upright_size().rect());
    let stored = picture.orientation.rect_to_stored(block, picture.size);
    let rows = stored.y..stored.bottom();
    let pixels = rows.flat_map(|y| (stored.x..stored.right()).map(move |x| y * picture.size.width + x));
    pixels.map(|index| channel.unit(index)).sum::<f32>() / stored.size().area() as f32
}

//! Everything seen on one picture: each answer is worked out once, and only when it is asked for.

use std::sync::{Arc, OnceLock};

use pixel::{Plane, Size};

use crate::error::VisionError;
use crate::faces::{Face, find_faces};
use crate::networks::{Networks, PARTS_SIDE, SALIENT_SIDE};
use crate::parts::{Parts, PartsMap, head_square, stretch};
use crate::view::{Beyond, Look, Overview, View, sample};

/// Heads that get a parts run of their own, at most.
const HEAD_RUNS: usize = 3;
/// When the largest head square covers this share of the long edge, the run on the whole picture is fine enough.
const CLOSE_HEAD: f32 = 0.45;

/// What is on one picture. Shared between threads; two threads that ask the same question wait for one answer.
pub struct Sight<'a> {
    networks: &'a Networks,
    look: &'a dyn Look,
    answers: Arc<Answers>,
}

/// What has been found out about one picture so far. It borrows nothing, so it can be kept while nobody looks at the
/// picture, and [`Sight::resume`] goes on from it.
pub struct Answers {
    overview: Overview,
    faces: Answer<Vec<Face>>,
    whole: Answer<Parts>,
    heads: Answer<Vec<Parts>>,
    person: Answer<Plane>,
    salient: Answer<Plane>,
}

impl Answers {
    /// What has been found out so far, said of the picture reduced by averaging blocks of `by` × `by` pixels, of which
    /// `overview` is one: a coarser copy need not ask the networks again. Heads that have not been looked at closer by
    /// now are not looked at closer there.
    #[must_use]
    pub fn shrunk(&self, by: usize, overview: Overview) -> Self {
        let heads = known(&self.heads, |heads| heads.iter().map(|parts| parts.shrunk(by)).collect());
        heads.get_or_init(|| Ok(Vec::new()));
        Self {
            overview,
            faces: known(&self.faces, |faces| faces.iter().map(|face| face.shrunk(by)).collect()),
            whole: known(&self.whole, |parts| parts.shrunk(by)),
            heads,
            person: known(&self.person, Plane::clone),
            salient: known(&self.salient, Plane::clone),
        }
    }

    /// Bytes held: the overview and the answers of the networks.
    pub fn memory(&self) -> usize {
        let samples = |planes: &[Plane]| planes.iter().map(|plane| plane.size().area()).sum::<usize>();
        let parts = |parts: &Parts| samples(&parts.probability);
        let whole = self.whole.get().and_then(|r| r.as_ref().ok()).map_or(0, parts);
        let heads = self.heads.get().and_then(|r| r.as_ref().ok()).map_or(0, |h| h.iter().map(parts).sum());
        let planes = [&self.person, &self.salient].map(|p| p.get().and_then(|r| r.as_ref().ok()));
        let planes: usize = planes.iter().flatten().map(|plane| plane.size().area()).sum();
        (samples(&*self.overview.rgb) + whole + heads + planes) * size_of::<f32>()
    }
}

type Answer<T> = OnceLock<Result<T, VisionError>>;

/// An answer put in other words, if there is one.
fn known<T>(answer: &Answer<T>, said: impl Fn(&T) -> T) -> Answer<T> {
    let told = answer.get().map(|known| known.as_ref().map(said).map_err(Clone::clone));
    told.map_or_else(OnceLock::new, OnceLock::from)
}

impl<'a> Sight<'a> {
    /// A picture not yet looked at.
    ///
    /// # Errors
    /// [`VisionError::Empty`] when the overview has no pixel.
    pub fn new(networks: &'a Networks, overview: Overview, look: &'a dyn Look) -> Result<Self, VisionError> {
        if overview.full.area() == 0 || overview.rgb[0].size().area() == 0 {
            return Err(VisionError::Empty);
        }
        let answers = Answers {
            overview,
            faces: OnceLock::new(),
            whole: OnceLock::new(),
            heads: OnceLock::new(),
            person: OnceLock::new(),
            salient: OnceLock::new(),
        };
        Ok(Self::resume(networks, Arc::new(answers), look))
    }

    /// Looks again at the picture that `answers` are about; `look` must show the same pixels as before.
    pub fn resume(networks: &'a Networks, answers: Arc<Answers>, look: &'a dyn Look) -> Self {
        Self { networks, look, answers }
    }

    /// What has been found out so far, and what this sight still will.
    pub fn answers(&self) -> &Arc<Answers> {
        &self.answers
    }

    /// Size of the upright picture at full resolution.
    pub fn full(&self) -> Size {
        self.answers.overview.full
    }

    /// The reduced picture that the analysis uses.
    pub fn overview(&self) -> &Overview {
        &self.answers.overview
    }

    /// The way to the full-resolution pixels.
    pub fn look(&self) -> &dyn Look {
        self.look
    }

    pub(crate) fn networks(&self) -> &Networks {
        self.networks
    }

    /// All faces, largest first.
    ///
    /// # Errors
    /// When a network cannot be loaded or run.
    pub fn faces(&self) -> Result<&[Face], VisionError> {
        self.answers.faces.get_or_init(|| find_faces(self)).as_deref().map_err(Clone::clone)
    }

    /// Asks the networks all that [`Sight::parts`] and, if `person`, [`Sight::person`] will want, side by side when the
    /// networks may use two threads. What fails says so when it is asked for.
    pub fn read_ahead(&self, person: bool) {
        self.ask(person, || {
            self.head_parts().ok();
        });
    }

    /// The same without a closer look at heads: enough for a copy of half the sides.
    pub fn glance(&self, person: bool) {
        self.ask(person, || {
            self.faces().ok();
        });
    }

    /// Asks about the whole picture beside `heads`.
    fn ask(&self, person: bool, heads: impl FnOnce()) {
        let whole = || {
            self.whole_parts().ok();
            if person {
                self.person().ok();
            }
        };
        std::thread::scope(|scope| {
            if self.networks.threads() > 1 {
                scope.spawn(whole);
            } else {
                whole();
            }
            heads();
        });
    }

    /// Parts of persons, with closer runs on up to three heads where the whole picture is too coarse for them.
    ///
    /// # Errors
    /// When a network cannot be loaded or run.
    pub fn parts(&self) -> Result<PartsMap<'_>, VisionError> {
        Ok(PartsMap { heads: self.head_parts()?, whole: self.whole_parts()?, full: self.full() })
    }

    fn head_parts(&self) -> Result<&[Parts], VisionError> {
        self.answers.heads.get_or_init(|| self.read_heads()).as_deref().map_err(Clone::clone)
    }

    /// Parts of persons from one run on the whole picture.
    ///
    /// # Errors
    /// When the network cannot be loaded or run.
    pub fn whole_parts(&self) -> Result<&Parts, VisionError> {
        let read = || Parts::read(self.networks, &self.answers.overview.view(), self.full().rect());
        self.answers.whole.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// Persons against everything else, 0 to 1: 256 × 256 samples stretched over the picture.
    ///
    /// # Errors
    /// When the network cannot be loaded or run.
    pub fn person(&self) -> Result<&Plane, VisionError> {
        let read = || {
            let rgb = self.stretched(PARTS_SIDE);
            Ok(Plane::from_vec(Size::new(PARTS_SIDE, PARTS_SIDE), self.networks.person(rgb)?))
        };
        self.answers.person.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// The main object against everything else, 0 to 1: 320 × 320 samples stretched over the picture. For pictures
    /// without persons; outlines of persons are better in [`Sight::person`].
    ///
    /// # Errors
    /// When the network cannot be loaded or run.
    pub fn salient(&self) -> Result<&Plane, VisionError> {
        self.answers.salient.get_or_init(|| self.read_salient()).as_ref().map_err(Clone::clone)
    }

    fn stretched(&self, side: usize) -> Vec<f32> {
        sample(&self.answers.overview.view(), &stretch(self.full().rect(), side), side, side, Beyond::Edge)
    }

    fn read_heads(&self) -> Result<Vec<Parts>, VisionError> {
        let full = self.full();
        let squares: Vec<_> = self
            .faces()?
            .iter()
            .take(HEAD_RUNS)
            .map(|face| head_square(face, full))
            .filter(|s| !s.is_empty())
            .collect();
        let close = |side: usize| side as f32 > CLOSE_HEAD * full.long_edge() as f32;
        if squares.first().is_some_and(|square| close(square.width.max(square.height))) {
            return Ok(Vec::new());
        }
        let mut heads = Vec::with_capacity(squares.len());
        for square in squares {
            let pitch = square.width.max(square.height) as f32 / PARTS_SIDE as f32;
            let step = (pitch as usize).max(1);
            if self.answers.overview.step < 1.5 * pitch || step as f32 >= self.answers.overview.step {
                heads.push(Parts::read(self.networks, &self.answers.overview.view(), square)?);
                continue;
            }
            let [red, green, blue] = self.look.look(square, step);
            let origin = [square.x as f32, square.y as f32];
            let view = View { rgb: [&red, &green, &blue], origin, step: step as f32 };
            heads.push(Parts::read(self.networks, &view, square)?);
        }
        Ok(heads)
    }

    fn read_salient(&self) -> Result<Plane, VisionError> {
        const MEAN: [f32; 3] = [0.485, 0.456, 0.406];
        const DEVIATION: [f32; 3] = [0.229, 0.224, 0.225];
        let mut rgb = self.stretched(SALIENT_SIDE);
        let peak = rgb.iter().copied().fold(1e-6, f32::max);
        let area = SALIENT_SIDE * SALIENT_SIDE;
        for (i, v) in rgb.iter_mut().enumerate() {
            *v = (*v / peak - MEAN[i / area]) / DEVIATION[i / area];
        }
        let mask = self.networks.salient(rgb)?;
        let low = mask.iter().copied().fold(f32::INFINITY, f32::min);
        let high = mask.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let span = (high - low).max(1e-6);
        let stretched = mask.iter().map(|v| (v - low) / span).collect();
        Ok(Plane::from_vec(Size::new(SALIENT_SIDE, SALIENT_SIDE), stretched))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use pixel::Rect;

    /// A picture that is grey wherever one looks.
    pub(crate) struct Grey;

    impl Look for Grey {
        fn look(&self, rect: Rect, step: usize) -> [Plane; 3] {
            let size = Size::new(rect.width.div_ceil(step), rect.height.div_ceil(step));
            std::array::from_fn(|_| Plane::filled(size, 0.5))
        }
    }

    /// Its reduced copy.
    pub(crate) fn grey(width: usize, height: usize) -> Overview {
        let full = Size::new(width, height);
        Overview { rgb: [0; 3].map(|_| Plane::filled(full, 0.5)).into(), step: 1.0, full }
    }

    #[test]
    fn a_picture_of_nothing_shows_nothing() {
        let networks = Networks::new(1);
        for (width, height) in [(200, 120), (1, 1), (3, 700)] {
            let sight = Sight::new(&networks, grey(width, height), &Grey).expect("has pixels");
            assert!(sight.faces().expect("runs").is_empty());
            let parts = sight.parts().expect("runs");
            assert!(parts.heads.is_empty());
            let at = parts.at(0.0, 0.0);
            assert!((at.iter().sum::<f32>() - 1.0).abs() < 1e-4);
        }
    }

    #[test]
    fn a_copy_made_at_a_glance_does_not_look_closer_and_the_picture_itself_still_does() {
        let networks = Networks::new(1);
        let sight = Sight::new(&networks, grey(200, 120), &Grey).expect("has pixels");
        sight.glance(true);
        let answers = sight.answers();
        assert!(
            answers.faces.get().is_some() && answers.whole.get().is_some() && answers.person.get().is_some()
        );
        assert!(answers.heads.get().is_none());
        let copy = answers.shrunk(2, grey(100, 60));
        assert!(matches!(copy.heads.get(), Some(Ok(heads)) if heads.is_empty()));
        sight.read_ahead(true);
        assert!(answers.heads.get().is_some());
    }

    #[test]
    fn an_empty_picture_is_refused() {
        let networks = Networks::new(1);
        assert_eq!(Sight::new(&networks, grey(0, 4), &Grey).err(), Some(VisionError::Empty));
    }
}

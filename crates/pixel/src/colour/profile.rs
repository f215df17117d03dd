//! The RGB space of a document: encoded samples to linear light in sRGB primaries, and back.
//!
//! ICC.1:2022, section 8.10 and annex F (matrix/TRC model). White is mapped to white, as relative
//! colorimetric rendering does.

use std::sync::{Arc, OnceLock};

use moxcms::{
    ColorProfile, DataColorSpace, Layout, Matrix3d, ParametricCurve, RenderingIntent, ToneReprCurve,
    TransformOptions,
};

/// Entries of the curve tables, a power of two so that an index can be masked instead of checked.
const ENTRIES: usize = 4096;

/// Intervals of the curve tables.
const STEPS: usize = ENTRIES - 1;

/// Least slope of a curve. Where a curve is flatter (a pure power at black, steps of a sampled curve),
/// rounding of linear `f32` values would come back as visible steps. Of a power it bends only the part
/// below the first 8-bit level.
const LEAST_SLOPE: f64 = 1e-3;

/// Adding this to a small `f32` rounds it to a whole number that stands in the low bits.
const ROUNDING: f32 = 12_582_912.0;

/// Largest difference of curve or matrix at which a profile counts as sRGB itself; published sRGB
/// profiles differ by up to this much from each other.
const SRGB_TOLERANCE: f64 = 2e-3;

/// Why an ICC profile cannot serve as a document's space.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not an ICC profile, or one whose tags are damaged.
    #[error("the colour profile is damaged; embed it again")]
    Damaged,
    /// A profile for something other than RGB or grey.
    #[error("the colour profile is not for RGB or grey; convert the picture to RGB")]
    WrongSpace,
    /// The profile's numbers do not describe a space that can be inverted.
    #[error("the colour profile cannot be inverted; convert the picture to sRGB")]
    NotInvertible,
}

/// A transfer curve of one channel and its inverse, as tables for linear interpolation.
///
/// The inverse is indexed by the square root of linear light, where common curves are nearly straight.
#[derive(Debug)]
struct Curve {
    linear: Box<[f32; ENTRIES]>,
    encoded: Box<[f32; ENTRIES]>,
}

impl Curve {
    /// Tabulates `transfer` over 0 to 1; it is made to rise and clipped to 0 to 1.
    fn new(transfer: impl Fn(f64) -> f64) -> Result<Self, ProfileError> {
        let mut linear = table();
        let mut floor = 0.0f64;
        for (index, entry) in linear.iter_mut().enumerate() {
            let value = transfer(index as f64 / STEPS as f64);
            floor = if value.is_finite() { value.clamp(floor, 1.0) } else { floor };
            *entry = floor as f32;
            floor = (floor + LEAST_SLOPE / STEPS as f64).min(1.0);
        }
        if linear[STEPS] - linear[0] < 0.1 {
            return Err(ProfileError::NotInvertible);
        }
        let encoded = inverse(&linear);
        Ok(Self { linear, encoded })
    }

    #[inline]
    fn linearise(&self, encoded: f32) -> f32 {
        interpolate(&self.linear, encoded)
    }

    #[inline]
    fn encode(&self, linear: f32) -> f32 {
        interpolate(&self.encoded, linear.max(0.0).sqrt())
    }

    fn distance(&self, transfer: impl Fn(f64) -> f64) -> f64 {
        let at = |index: usize| (f64::from(self.linear[index]) - transfer(index as f64 / STEPS as f64)).abs();
        (0..=STEPS).step_by(32).map(at).fold(0.0, f64::max)
    }
}

fn table() -> Box<[f32; ENTRIES]> {
    Box::new([0.0; ENTRIES])
}

/// Inverts the piecewise linear function of `linear`, node by node.
fn inverse(linear: &[f32; ENTRIES]) -> Box<[f32; ENTRIES]> {
    let mut encoded = table();
    let mut cell = 0;
    for (index, entry) in encoded.iter_mut().enumerate() {
        let root = index as f64 / STEPS as f64;
        let wanted = root * root;
        while cell + 1 < STEPS && f64::from(linear[cell + 1]) < wanted {
            cell += 1;
        }
        let (low, high) = (f64::from(linear[cell]), f64::from(linear[cell + 1]));
        let part = if high > low { ((wanted - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 };
        *entry = ((cell as f64 + part) / STEPS as f64) as f32;
    }
    encoded
}

/// The table's value at `place`, 0 to 1; places outside and NaN count as the nearest end or 0.
#[inline]
fn interpolate(table: &[f32; ENTRIES], place: f32) -> f32 {
    // `max` before `min` sends NaN to 0, which `clamp` does not.
    #[expect(clippy::manual_clamp, reason = "NaN must become 0")]
    let position = place.max(0.0).min(1.0) * STEPS as f32;
    let rounded = (position - 0.5) + ROUNDING;
    let cell = rounded.to_bits() as usize;
    let (low, high) = (table[cell % ENTRIES], table[(cell + 1) % ENTRIES]);
    low + (high - low) * (position - (rounded - ROUNDING))
}

/// The colour space of a document's samples.
///
/// "Linear" means linear light with sRGB (BT.709) primaries and D65 white, 1 being the document's
/// white; colours outside the sRGB gamut have values below 0 or above 1.
#[derive(Clone, Debug)]
pub struct ColourSpace {
    curves: [Arc<Curve>; 3],
    matrices: Option<Matrices>,
    srgb: bool,
}

/// Row-major matrices between the document's linear RGB and linear sRGB.
#[derive(Clone, Debug)]
struct Matrices {
    to_srgb: [[f32; 3]; 3],
    from_srgb: [[f32; 3]; 3],
}

impl ColourSpace {
    /// sRGB (IEC 61966-2-1).
    pub fn srgb() -> Self {
        static CURVE: OnceLock<Arc<Curve>> = OnceLock::new();
        let curve = CURVE.get_or_init(|| {
            let linear = tabulate(srgb_transfer);
            Arc::new(Curve { encoded: inverse(&linear), linear })
        });
        Self { curves: [curve.clone(), curve.clone(), curve.clone()], matrices: None, srgb: true }
    }

    /// The space that an RGB or grey ICC profile describes.
    ///
    /// Matrix/TRC and grey profiles are followed exactly. A profile that has only lookup tables is
    /// approximated by the matrix/TRC model that fits its neutral axis and its three primaries:
    /// that keeps the way back exact, which tables do not.
    ///
    /// # Errors
    /// When the profile is damaged, not for RGB or grey, or cannot be inverted; fall back to sRGB then.
    pub fn from_icc(icc: &[u8]) -> Result<Self, ProfileError> {
        let profile = ColorProfile::new_from_slice(icc).map_err(|_| ProfileError::Damaged)?;
        match profile.color_space {
            DataColorSpace::Gray => Self::from_grey(&profile),
            DataColorSpace::Rgb if profile.is_matrix_shaper() => Self::from_matrix_shaper(&profile),
            DataColorSpace::Rgb => Self::from_tables(&profile),
            _ => Err(ProfileError::WrongSpace),
        }
    }

    fn from_grey(profile: &ColorProfile) -> Result<Self, ProfileError> {
        let curve = Arc::new(tone_curve(profile.gray_trc.as_ref())?);
        Ok(Self::new([curve.clone(), curve.clone(), curve], None))
    }

    fn from_matrix_shaper(profile: &ColorProfile) -> Result<Self, ProfileError> {
        let red = Arc::new(tone_curve(profile.red_trc.as_ref())?);
        let same = |trc: &Option<ToneReprCurve>| *trc == profile.red_trc;
        let other = |trc: &Option<ToneReprCurve>| {
            if same(trc) { Ok(red.clone()) } else { tone_curve(trc.as_ref()).map(Arc::new) }
        };
        let curves = [red.clone(), other(&profile.green_trc)?, other(&profile.blue_trc)?];
        Ok(Self::new(curves, Some(matrices(profile.colorant_matrix())?)))
    }

    fn from_tables(profile: &ColorProfile) -> Result<Self, ProfileError> {
        let probe = TableProbe::new(profile)?;
        let black = probe.xyz([0.0; 3])?;
        let white = probe.xyz([1.0; 3])?;
        let mut luminance = Vec::with_capacity(257);
        for index in 0..=256u16 {
            let y = probe.xyz([f32::from(index) / 256.0; 3])?[1];
            luminance.push((y - black[1]) / (white[1] - black[1]));
        }
        let curve = Arc::new(Curve::new(|place| {
            let position = place * 256.0;
            let cell = (position as usize).min(255);
            luminance[cell] + (luminance[cell + 1] - luminance[cell]) * (position - cell as f64)
        })?);
        let primaries =
            [probe.xyz([1.0, 0.0, 0.0])?, probe.xyz([0.0, 1.0, 0.0])?, probe.xyz([0.0, 0.0, 1.0])?];
        let matrix = primaries_with_white(primaries, white, black)?;
        Ok(Self::new([curve.clone(), curve.clone(), curve], Some(matrices(matrix)?)))
    }

    fn new(curves: [Arc<Curve>; 3], matrices: Option<Matrices>) -> Self {
        let near_identity = |m: &Matrices| {
            m.to_srgb
                .iter()
                .flatten()
                .zip(IDENTITY.iter().flatten())
                .all(|(a, b)| f64::from((a - b).abs()) < SRGB_TOLERANCE)
        };
        let srgb_curves = curves.iter().all(|curve| curve.distance(srgb_transfer) < SRGB_TOLERANCE);
        if srgb_curves && matrices.as_ref().is_none_or(near_identity) {
            return Self::srgb();
        }
        Self { curves, matrices, srgb: false }
    }

    /// True for sRGB itself and for profiles that are sRGB within the spread of published ones.
    pub fn is_srgb(&self) -> bool {
        self.srgb
    }

    /// Encoded document RGB, 0 to 1, to linear light.
    #[inline]
    pub fn to_linear(&self, rgb: [f32; 3]) -> [f32; 3] {
        let [r, g, b] = &self.curves;
        let linear = [r.linearise(rgb[0]), g.linearise(rgb[1]), b.linearise(rgb[2])];
        self.matrices.as_ref().map_or(linear, |m| multiply(&m.to_srgb, linear))
    }

    /// Linear light to encoded document RGB, clipped to 0 to 1.
    #[inline]
    pub fn from_linear(&self, linear: [f32; 3]) -> [f32; 3] {
        let own = self.matrices.as_ref().map_or(linear, |m| multiply(&m.from_srgb, linear));
        let [r, g, b] = &self.curves;
        [r.encode(own[0]), g.encode(own[1]), b.encode(own[2])]
    }

    /// [`ColourSpace::to_linear`] in place over three equally long rows of samples.
    pub fn rows_to_linear(&self, red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
        for (curve, row) in self.curves.iter().zip([&mut *red, &mut *green, &mut *blue]) {
            row.iter_mut().for_each(|v| *v = curve.linearise(*v));
        }
        if let Some(m) = &self.matrices {
            multiply_rows(&m.to_srgb, red, green, blue);
        }
    }

    /// [`ColourSpace::from_linear`] in place over three equally long rows of samples.
    pub fn rows_from_linear(&self, red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
        if let Some(m) = &self.matrices {
            multiply_rows(&m.from_srgb, red, green, blue);
        }
        for (curve, row) in self.curves.iter().zip([red, green, blue]) {
            row.iter_mut().for_each(|v| *v = curve.encode(*v));
        }
    }
}

const IDENTITY: [[f32; 3]; 3] = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];

#[inline]
fn multiply(m: &[[f32; 3]; 3], v: [f32; 3]) -> [f32; 3] {
    m.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2])
}

fn multiply_rows(m: &[[f32; 3]; 3], red: &mut [f32], green: &mut [f32], blue: &mut [f32]) {
    for ((r, g), b) in red.iter_mut().zip(green).zip(blue) {
        [*r, *g, *b] = multiply(m, [*r, *g, *b]);
    }
}

fn srgb_transfer(encoded: f64) -> f64 {
    if encoded <= 0.04045 { encoded / 12.92 } else { ((encoded + 0.055) / 1.055).powf(2.4) }
}

fn tabulate(transfer: impl Fn(f64) -> f64) -> Box<[f32; ENTRIES]> {
    let mut values = table();
    values.iter_mut().enumerate().for_each(|(index, v)| *v = transfer(index as f64 / STEPS as f64) as f32);
    values
}

/// An ICC curve (sections 10.6 and 10.18).
fn tone_curve(trc: Option<&ToneReprCurve>) -> Result<Curve, ProfileError> {
    match trc.ok_or(ProfileError::Damaged)? {
        ToneReprCurve::Lut(samples) => match samples.as_slice() {
            [] => Curve::new(|place| place),
            [gamma] => {
                let gamma = f64::from(*gamma) / 256.0;
                Curve::new(|place| place.powf(gamma))
            }
            samples => Curve::new(|place| {
                let position = place * (samples.len() - 1) as f64;
                let cell = (position as usize).min(samples.len() - 2);
                let (low, high) = (f64::from(samples[cell]), f64::from(samples[cell + 1]));
                (low + (high - low) * (position - cell as f64)) / 65_535.0
            }),
        },
        ToneReprCurve::Parametric(parameters) if parameters.is_empty() => Err(ProfileError::Damaged),
        ToneReprCurve::Parametric(parameters) => {
            let p = ParametricCurve::new(parameters).ok_or(ProfileError::Damaged)?;
            let [g, a, b, c, d, e, f] = [p.g, p.a, p.b, p.c, p.d, p.e, p.f].map(f64::from);
            Curve::new(|place| if place < d { c * place + f } else { (a * place + b).powf(g) + e })
        }
    }
}

/// Both matrices for colorants given as XYZ columns under D50.
fn matrices(colorants: Matrix3d) -> Result<Matrices, ProfileError> {
    let srgb = ColorProfile::new_srgb().colorant_matrix();
    let to_srgb = srgb.inverse().mat_mul(colorants);
    let entries = to_srgb.v.as_flattened();
    let usable = entries.iter().all(|v| v.is_finite() && v.abs() < 100.0)
        && to_srgb.determinant().is_some_and(|d| d.abs() > 1e-4);
    if !usable {
        return Err(ProfileError::NotInvertible);
    }
    let single = |m: Matrix3d| m.v.map(|row| row.map(|v| v as f32));
    Ok(Matrices { to_srgb: single(to_srgb), from_srgb: single(to_srgb.inverse()) })
}

/// XYZ columns of the primaries above black, scaled so that together they give white.
fn primaries_with_white(
    primaries: [[f64; 3]; 3],
    white: [f64; 3],
    black: [f64; 3],
) -> Result<Matrix3d, ProfileError> {
    let mut columns = Matrix3d { v: [[0.0; 3]; 3] };
    for (column, primary) in primaries.iter().enumerate() {
        for row in 0..3 {
            columns.v[row][column] = primary[row] - black[row];
        }
    }
    if columns.determinant().is_none_or(|d| d.abs() < 1e-6) {
        return Err(ProfileError::NotInvertible);
    }
    let inverse = columns.inverse();
    for column in 0..3 {
        let scale: f64 = (0..3).map(|k| inverse.v[column][k] * (white[k] - black[k])).sum();
        if scale.is_nan() || scale <= 0.0 {
            return Err(ProfileError::NotInvertible);
        }
        columns.v.iter_mut().for_each(|row| row[column] *= scale);
    }
    Ok(columns)
}

/// Asks a table-based profile for the XYZ of single colours.
struct TableProbe {
    transform: Arc<moxcms::TransformF32Executor>,
    wide: Matrix3d,
}

impl TableProbe {
    fn new(profile: &ColorProfile) -> Result<Self, ProfileError> {
        let wide = ColorProfile::new_aces_aces_2065_1_linear();
        let options = TransformOptions {
            rendering_intent: RenderingIntent::RelativeColorimetric,
            ..Default::default()
        };
        let transform = profile
            .create_transform_f32(Layout::Rgb, &wide, Layout::Rgb, options)
            .map_err(|_| ProfileError::Damaged)?;
        Ok(Self { transform, wide: wide.colorant_matrix() })
    }

    fn xyz(&self, rgb: [f32; 3]) -> Result<[f64; 3], ProfileError> {
        let mut linear = [0.0f32; 3];
        self.transform.transform(&rgb, &mut linear).map_err(|_| ProfileError::Damaged)?;
        let v = linear.map(f64::from);
        Ok(self.wide.v.map(|row| row[0] * v[0] + row[1] * v[1] + row[2] * v[2]))
    }
}

#[cfg(test)]
pub(crate) mod table_profile;

#[cfg(test)]
mod tests;

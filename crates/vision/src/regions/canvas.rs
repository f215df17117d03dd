//! The pixels on which region mattes are wanted, and drawing mesh rings on them.

use pixel::colour::Lab;
use pixel::colour::profile::ColourSpace;
use pixel::{Plane, Rect, Size};

/// Pixels at the resolution at which a region is used: sample (i, j) averages a block of `step` × `step`
/// full-resolution upright pixels and is centred at `origin + (i + 0.5) · step - 0.5`.
#[derive(Clone, Copy, Debug)]
pub struct Canvas<'a> {
    /// Red, green, blue in encoded sRGB, 0 to 1, of one size.
    pub rgb: [&'a Plane; 3],
    /// Full-resolution upright column and row of the first block's corner.
    pub origin: (usize, usize),
    /// Full-resolution pixels a sample.
    pub step: usize,
}

impl Canvas<'_> {
    /// Columns and rows of samples.
    pub fn size(&self) -> Size {
        self.rgb[0].size()
    }

    /// From a full-resolution place to a real sample index.
    pub fn index(&self, place: [f32; 2]) -> [f32; 2] {
        let step = self.step as f32;
        [
            (place[0] - self.origin.0 as f32 + 0.5) / step - 0.5,
            (place[1] - self.origin.1 as f32 + 0.5) / step - 0.5,
        ]
    }

    /// From a real sample index to a full-resolution place.
    pub fn place(&self, i: f32, j: f32) -> [f32; 2] {
        let step = self.step as f32;
        [self.origin.0 as f32 + (i + 0.5) * step - 0.5, self.origin.1 as f32 + (j + 0.5) * step - 0.5]
    }

    /// A full-resolution length in samples.
    pub fn length(&self, full: f32) -> f32 {
        full / self.step as f32
    }

    /// The samples within `margin` samples of the given full-resolution places.
    pub fn around(&self, places: &[[f32; 2]], margin: f32) -> Rect {
        let (mut low, mut high) = ([f32::MAX; 2], [f32::MIN; 2]);
        for place in places {
            for (k, v) in self.index(*place).into_iter().enumerate() {
                low[k] = low[k].min(v);
                high[k] = high[k].max(v);
            }
        }
        if places.is_empty() {
            return Rect::from_edges(0, 0, 0, 0);
        }
        Rect::cover(
            low[0] - margin,
            low[1] - margin,
            high[0] + margin + 1.0,
            high[1] + margin + 1.0,
            self.size(),
        )
    }

    /// The samples inside `rect` as a canvas of their own needs these planes.
    pub fn crop(&self, rect: Rect) -> [Plane; 3] {
        self.rgb.map(|plane| plane.crop(rect))
    }

    /// The canvas that the planes of [`Canvas::crop`] make up.
    pub fn inset<'b>(&self, rgb: &'b [Plane; 3], rect: Rect) -> Canvas<'b> {
        let [red, green, blue] = rgb;
        let origin = (self.origin.0 + rect.x * self.step, self.origin.1 + rect.y * self.step);
        Canvas { rgb: [red, green, blue], origin, step: self.step }
    }

    /// CIELAB of the samples.
    pub fn lab(&self) -> Lab {
        lab(self.rgb)
    }

    /// Share of each sample inside the smooth closed curve through full-resolution `ring`, 0 to 1.
    pub fn fill(&self, ring: &[[f32; 2]]) -> Plane {
        let points: Vec<[f32; 2]> = closed_curve(ring).into_iter().map(|p| self.index(p)).collect();
        fill(&points, self.size())
    }

    /// Share of each sample inside a disc (full-resolution centre and radius), 0 to 1 over one sample at the rim.
    pub fn disc(&self, centre: [f32; 2], radius: f32) -> Plane {
        let [x, y] = self.index(centre);
        let radius = self.length(radius);
        let mut disc = Plane::zeros(self.size());
        let size = disc.size();
        let reach = |centre: f32, count: usize| {
            let end = |v: f32| v.clamp(0.0, count as f32) as usize;
            end(centre - radius - 0.5)..end(centre + radius + 1.5)
        };
        for j in reach(y, size.height) {
            let row = &mut disc.row_mut(j)[reach(x, size.width)];
            for (i, share) in reach(x, size.width).zip(row) {
                *share = (radius + 0.5 - (i as f32 - x).hypot(j as f32 - y)).clamp(0.0, 1.0);
            }
        }
        disc
    }
}

/// CIELAB of encoded sRGB.
pub(crate) fn lab(rgb: [&Plane; 3]) -> Lab {
    Lab::of(rgb, &ColourSpace::srgb())
}

/// Copies `part` into `plane` with its corner at `rect`, keeping the larger value.
pub(crate) fn lay_over(plane: &mut Plane, part: &Plane, rect: Rect) {
    for j in 0..rect.height {
        let row = &mut plane.row_mut(rect.y + j)[rect.x..rect.right()];
        for (v, &p) in row.iter_mut().zip(part.row(j)) {
            *v = v.max(p);
        }
    }
}

/// Hull of a set of points, counter-clockwise on the screen (Andrew's monotone chain).
pub(crate) fn hull(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let turn =
        |o: [f32; 2], a: [f32; 2], b: [f32; 2]| (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0]);
    let chain = |points: &mut dyn Iterator<Item = &[f32; 2]>| {
        let mut chain: Vec<[f32; 2]> = Vec::new();
        for &point in points {
            while chain.len() >= 2 && turn(chain[chain.len() - 2], chain[chain.len() - 1], point) <= 0.0 {
                chain.pop();
            }
            chain.push(point);
        }
        chain.pop();
        chain
    };
    let mut outline = chain(&mut sorted.iter());
    outline.extend(chain(&mut sorted.iter().rev()));
    outline
}

/// Catmull-Rom curve through the ring, four chords a point.
fn closed_curve(ring: &[[f32; 2]]) -> Vec<[f32; 2]> {
    const CHORDS: usize = 4;
    let n = ring.len();
    if n < 4 {
        return ring.to_vec();
    }
    let mut curve = Vec::with_capacity(n * CHORDS);
    for i in 0..n {
        let [a, b, c, d] = [ring[(i + n - 1) % n], ring[i], ring[(i + 1) % n], ring[(i + 2) % n]];
        for chord in 0..CHORDS {
            let t = chord as f32 / CHORDS as f32;
            curve.push(std::array::from_fn(|k| {
                let slope = (c[k] - a[k]) * t;
                let second = (2.0 * a[k] - 5.0 * b[k] + 4.0 * c[k] - d[k]) * t * t;
                let third = (3.0 * b[k] - a[k] - 3.0 * c[k] + d[k]) * t * t * t;
                b[k] + 0.5 * (slope + second + third)
            }));
        }
    }
    curve
}

/// Even-odd fill of a polygon in sample indices: exact along rows, four lines a row.
fn fill(polygon: &[[f32; 2]], size: Size) -> Plane {
    const LINES: usize = 4;
    let mut plane = Plane::zeros(size);
    if polygon.len() < 3 {
        return plane;
    }
    let low = polygon.iter().map(|p| p[1]).fold(f32::MAX, f32::min);
    let high = polygon.iter().map(|p| p[1]).fold(f32::MIN, f32::max);
    let first = (low + 0.5).floor().max(0.0) as usize;
    let last = ((high + 1.5).ceil().max(0.0) as usize).min(size.height);
    let mut crossings: Vec<f32> = Vec::new();
    for j in first..last {
        for line in 0..LINES {
            let y = j as f32 - 0.5 + (line as f32 + 0.5) / LINES as f32;
            crossings.clear();
            for (n, a) in polygon.iter().enumerate() {
                let b = &polygon[(n + 1) % polygon.len()];
                if (a[1] <= y) != (b[1] <= y) {
                    crossings.push(a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]));
                }
            }
            crossings.sort_by(f32::total_cmp);
            let row = plane.row_mut(j);
            for span in crossings.chunks_exact(2) {
                add_span(row, span[0] + 0.5, span[1] + 0.5, 1.0 / LINES as f32);
            }
        }
    }
    plane
}

/// Adds `share` of the interval from `left` to `right`, measured in sample edges, to a row.
fn add_span(row: &mut [f32], left: f32, right: f32, share: f32) {
    let (left, right) = (left.max(0.0), right.min(row.len() as f32));
    if right <= left {
        return;
    }
    let last = (right.ceil() as usize).min(row.len());
    for (x, v) in row.iter_mut().enumerate().take(last).skip(left as usize) {
        *v += share * (right.min(x as f32 + 1.0) - left.max(x as f32));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(plane: &Plane) -> Canvas<'_> {
        Canvas { rgb: [plane, plane, plane], origin: (10, 20), step: 2 }
    }

    #[test]
    fn places_and_indices_are_inverse() {
        let plane = Plane::zeros(Size::new(30, 30));
        let canvas = canvas(&plane);
        let [x, y] = canvas.place(3.25, 7.5);
        let [i, j] = canvas.index([x, y]);
        assert!((i - 3.25).abs() < 1e-5 && (j - 7.5).abs() < 1e-5);
        assert_eq!(canvas.place(0.0, 0.0), [10.5, 20.5]);
    }

    #[test]
    fn a_filled_ring_has_its_area() {
        let plane = Plane::zeros(Size::new(60, 60));
        let canvas = canvas(&plane);
        let ring: Vec<[f32; 2]> = (0..24)
            .map(|n| {
                let (sin, cos) = (n as f32 / 24.0 * std::f32::consts::TAU).sin_cos();
                [70.0 + 40.0 * cos, 80.0 + 40.0 * sin]
            })
            .collect();
        let area = canvas.fill(&ring).sum();
        let expected = f64::from(std::f32::consts::PI * 20.0 * 20.0);
        assert!((area - expected).abs() < 0.01 * expected, "{area} {expected}");
        let disc = canvas.disc([70.0, 80.0], 40.0).sum();
        assert!((disc - expected).abs() < 0.01 * expected, "{disc} {expected}");
        assert!(canvas.fill(&ring).max() <= 1.0 + 1e-5);
    }

    #[test]
    fn rings_beyond_the_canvas_fill_nothing() {
        let plane = Plane::zeros(Size::new(8, 8));
        let canvas = canvas(&plane);
        assert_eq!(canvas.fill(&[[-90.0, -90.0], [-80.0, -90.0], [-80.0, -80.0], [-90.0, -80.0]]).sum(), 0.0);
        assert!(canvas.around(&[[-90.0, -90.0], [-80.0, -80.0]], 1.0).is_empty());
    }

    #[test]
    fn the_hull_drops_inner_points() {
        let outline = hull(&[[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [0.0, 4.0], [2.0, 2.0], [1.0, 3.0]]);
        assert_eq!(outline.len(), 4);
    }
}

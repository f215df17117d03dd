//! Colour differences as the eye counts them.

use pixel::colour::linear_to_lab;
use pixel::colour::profile::ColourSpace;
use pixel::picture::Picture;

/// CIELAB of every pixel, in stored order, by way of the picture's own profile.
pub fn lab(picture: &Picture) -> Vec<[f64; 3]> {
    let profile = picture.metadata.icc.as_deref().map(ColourSpace::from_icc);
    let space = profile.map_or_else(ColourSpace::srgb, |space| space.expect("a usable profile"));
    let pixel = |i: usize| [0, 1, 2].map(|c| picture.rgb.unit(3 * i + c));
    (0..picture.size.area()).map(|i| linear_to_lab(space.to_linear(pixel(i))).map(f64::from)).collect()
}

/// Mean CIEDE2000 of two pictures of one size.
pub fn mean_difference(a: &Picture, b: &Picture) -> f64 {
    assert_eq!(a.size, b.size);
    let differences = lab(a).into_iter().zip(lab(b)).map(|(a, b)| ciede2000(a, b));
    differences.sum::<f64>() / a.size.area() as f64
}

/// Share of pixels whose CIEDE2000 is above `limit`.
pub fn share_above(a: &Picture, b: &Picture, limit: f64) -> f64 {
    let above = lab(a).into_iter().zip(lab(b)).filter(|(a, b)| ciede2000(*a, *b) > limit);
    above.count() as f64 / a.size.area() as f64
}

/// Weighted mean colour.
pub fn mean_colour(colours: &[[f64; 3]], weights: &[f64]) -> [f64; 3] {
    let total: f64 = weights.iter().sum();
    [0, 1, 2].map(|c| colours.iter().zip(weights).map(|(lab, w)| lab[c] * w).sum::<f64>() / total)
}

/// Distance in CIELAB (CIE 1976).
pub fn distance(a: [f64; 3], b: [f64; 3]) -> f64 {
    (0..3).map(|c| (a[c] - b[c]).powi(2)).sum::<f64>().sqrt()
}

/// CIEDE2000 (CIE 142-2001; notation of Sharma, Wu and Dalal 2005).
pub fn ciede2000(one: [f64; 3], two: [f64; 3]) -> f64 {
    let chroma = |lab: [f64; 3]| lab[1].hypot(lab[2]);
    let seventh = |c: f64| (c.powi(7) / (c.powi(7) + 25f64.powi(7))).sqrt();
    let g = 0.5 * (1.0 - seventh((chroma(one) + chroma(two)) / 2.0));
    let polar = |lab: [f64; 3]| {
        let a = (1.0 + g) * lab[1];
        let hue = lab[2].atan2(a).to_degrees().rem_euclid(360.0);
        (a.hypot(lab[2]), hue)
    };
    let ((c1, h1), (c2, h2)) = (polar(one), polar(two));
    let coloured = c1 * c2 > 0.0;
    let turn = if !coloured { 0.0 } else { (h2 - h1 + 180.0).rem_euclid(360.0) - 180.0 };
    let mean_hue = if coloured { (h1 + turn / 2.0).rem_euclid(360.0) } else { h1 + h2 };
    let (dl, dc) = (two[0] - one[0], c2 - c1);
    let dh = 2.0 * (c1 * c2).sqrt() * (turn / 2.0).to_radians().sin();
    let (l, c) = ((one[0] + two[0]) / 2.0, (c1 + c2) / 2.0);
    let cos = |factor: f64, offset: f64| (factor * mean_hue + offset).to_radians().cos();
    let t =
        1.0 - 0.17 * cos(1.0, -30.0) + 0.24 * cos(2.0, 0.0) + 0.32 * cos(3.0, 6.0) - 0.20 * cos(4.0, -63.0);
    let sl = 1.0 + 0.015 * (l - 50.0).powi(2) / (20.0 + (l - 50.0).powi(2)).sqrt();
    let (sc, sh) = (1.0 + 0.045 * c, 1.0 + 0.015 * c * t);
    let swing = 30.0 * (-((mean_hue - 275.0) / 25.0).powi(2)).exp();
    let rotation = -2.0 * seventh(c) * (2.0 * swing).to_radians().sin();
    let (l, c, h) = (dl / sl, dc / sc, dh / sh);
    (l * l + c * c + h * h + rotation * c * h).max(0.0).sqrt()
}

#[test]
fn ciede2000_gives_the_published_values() {
    // Pairs 1, 7, 15 and 17 of the test data of Sharma, Wu and Dalal.
    let pairs = [
        ([50.0, 2.6772, -79.7751], [50.0, 0.0, -82.7485], 2.0425),
        ([50.0, 0.0, 0.0], [50.0, -1.0, 2.0], 2.3669),
        ([50.0, -0.001, 2.49], [50.0, 0.0011, -2.49], 4.7461),
        ([50.0, 2.5, 0.0], [73.0, 25.0, -18.0], 27.1492),
    ];
    for (one, two, published) in pairs {
        assert!((ciede2000(one, two) - published).abs() < 1e-4, "{one:?} {two:?} {}", ciede2000(one, two));
    }
}

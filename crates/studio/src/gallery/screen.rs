//! Pixels for the screen in other sizes than the levels have.

use pixel::filter::{reduce, resize_bilinear};
use pixel::{Plane, Size};
use retouch::proof::Tile;

/// The size whose long edge is at most `edge`; never larger than the picture.
pub fn within(size: Size, edge: usize) -> Size {
    let long = size.long_edge().max(1);
    if long <= edge {
        return size;
    }
    let side = |side: usize| (side * edge / long).max(1);
    Size::new(side(size.width), side(size.height))
}

/// The tile in a smaller size, averaged.
pub fn shrunk(tile: &Tile, size: Size) -> Tile {
    if tile.size == size || tile.rgb.is_empty() {
        return tile.clone();
    }
    let step = (tile.size.long_edge() / size.long_edge().max(1)).max(1);
    changed(tile, |plane| resize_bilinear(&reduce(plane, step), size))
}

/// The tile with `step` times `step` pixels averaged to one.
pub fn halved(tile: &Tile, step: usize) -> Tile {
    if step <= 1 || tile.rgb.is_empty() {
        return tile.clone();
    }
    changed(tile, |plane| reduce(plane, step))
}

fn changed(tile: &Tile, change: impl Fn(&Plane) -> Plane) -> Tile {
    let planes: [Plane; 3] = std::array::from_fn(|channel| {
        let samples = tile.rgb.iter().skip(channel).step_by(3).map(|&sample| f32::from(sample));
        change(&Plane::from_vec(tile.size, samples.collect()))
    });
    let size = planes[0].size();
    let mut rgb = Vec::with_capacity(3 * size.area());
    for index in 0..size.area() {
        rgb.extend(planes.iter().map(|plane| (plane.samples()[index] + 0.5) as u8));
    }
    Tile { size, rgb }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbnails_keep_their_shape_and_are_never_enlarged() {
        assert_eq!(within(Size::new(6_000, 4_000), 240), Size::new(240, 160));
        assert_eq!(within(Size::new(30, 6_000), 240), Size::new(1, 240));
        assert_eq!(within(Size::new(100, 80), 240), Size::new(100, 80));
    }

    #[test]
    fn an_even_surface_stays_as_it_is_in_any_size() {
        let tile = Tile { size: Size::new(301, 203), rgb: [12, 200, 77].repeat(301 * 203) };
        for small in [shrunk(&tile, Size::new(100, 67)), halved(&tile, 4)] {
            assert!(small.rgb.chunks_exact(3).all(|rgb| rgb == [12, 200, 77]));
            assert_eq!(small.rgb.len(), 3 * small.size.area());
        }
        assert_eq!(halved(&tile, 4).size, Size::new(76, 51));
    }
}

//! Connected components of a mask, eight neighbours a sample.

use crate::geometry::{Rect, Size};
use crate::plane::Plane;

/// The components of a mask, numbered from 1 in reading order of their first sample.
#[derive(Clone, Debug)]
pub struct Components {
    size: Size,
    labels: Vec<u32>,
    /// Samples of each component, component number - 1 as index.
    pub areas: Vec<usize>,
    /// Bounding rectangle of each component.
    pub bounds: Vec<Rect>,
}

impl Components {
    /// Number of components.
    pub fn count(&self) -> usize {
        self.areas.len()
    }

    /// Component number at (`x`, `y`), 0 where the mask is empty.
    #[inline]
    pub fn at(&self, x: usize, y: usize) -> u32 {
        self.labels[y * self.size.width + x]
    }

    /// Binary mask of the components for which `keep(index)` holds; `index` counts from 0.
    pub fn mask(&self, keep: impl Fn(usize) -> bool) -> Plane {
        let kept: Vec<f32> = (0..self.count()).map(|i| if keep(i) { 1.0 } else { 0.0 }).collect();
        let samples = self.labels.iter().map(|&l| if l == 0 { 0.0 } else { kept[l as usize - 1] }).collect();
        Plane::from_vec(self.size, samples)
    }
}

/// Components of the samples above 1/2.
pub fn label(mask: &Plane) -> Components {
    let size = mask.size();
    let mut labels = vec![0u32; size.area()];
    let (mut areas, mut bounds) = (Vec::new(), Vec::new());
    let mut open = Vec::new();
    for start in 0..size.area() {
        if labels[start] != 0 || mask.samples()[start] <= 0.5 {
            continue;
        }
        let number = areas.len() as u32 + 1;
        labels[start] = number;
        open.push(start);
        let (mut area, mut left, mut right, mut top, mut bottom) = (0, size.width, 0, size.height, 0);
        while let Some(index) = open.pop() {
            let (x, y) = (index % size.width, index / size.width);
            area += 1;
            left = left.min(x);
            right = right.max(x + 1);
            top = top.min(y);
            bottom = bottom.max(y + 1);
            for v in y.saturating_sub(1)..(y + 2).min(size.height) {
                for u in x.saturating_sub(1)..(x + 2).min(size.width) {
                    let next = v * size.width + u;
                    if labels[next] == 0 && mask.samples()[next] > 0.5 {
                        labels[next] = number;
                        open.push(next);
                    }
                }
            }
        }
        areas.push(area);
        bounds.push(Rect::from_edges(left, top, right, bottom));
    }
    Components { size, labels, areas, bounds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn diagonal_neighbours_join_and_gaps_part() {
        let rows = ["#..#", ".#..", "...#"];
        let mask =
            Plane::from_fn(Size::new(4, 3), |x, y| if rows[y].as_bytes()[x] == b'#' { 1.0 } else { 0.0 });
        let parts = label(&mask);
        assert_eq!(parts.areas, vec![2, 1, 1]);
        assert_eq!(parts.bounds[0], Rect::from_edges(0, 0, 2, 2));
        assert_eq!(parts.mask(|i| i == 0).sum(), 2.0);
    }
}

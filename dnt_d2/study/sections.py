"""The sections of the study's page: tables and pictures, how they were measured, and what the paper says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .ablation_tables import HEADS, heads_table, linking_table, retrained_table, seeds_moves_table, strides_table
from .claim_sentences import claim_sentences
from .design import FAR_PAIRS_APART, HEAVY, NOVEL, PULL_BATCHES, SEEDS, SEEN
from .findings import losing_classes, sentences
from .measure import TRIM_SCORE
from .reason_tables import (
    alpha_table,
    far_pairs_sentence,
    far_pairs_table,
    motion_sentence,
    motion_table,
    other_frames_table,
    pulls_sentence,
    pulls_table,
)
from .results import FAR_PAIRS, MODELS, PARTS, REASON_TRAININGS, RETRAINED, Study, parts_of_seeds
from .tables import claims_table, class_table, headline_table, minutes_table, paper_table, peers_table, speed_table


@dataclass(frozen=True)
class Section:
    """A table with what belongs to it.

    Attributes:
        name: its heading, and that of its notes.
        caption: what is in the table, and how it was measured.
        parts: the parts that it is made from.
        tables: make it.
        paper: says what the paper found, and whether it is so here.
        pictures: files beside those of the parts, and what they show.
    """

    name: str
    caption: str
    parts: Sequence[str]
    tables: Sequence[Callable[[Study], str]]
    paper: Callable[[Study], str]
    pictures: Sequence[tuple[str, str]] = ()


def _no_number(what: str) -> Callable[[Study], str]:
    return lambda _: f"- The paper {what}.\n"


SECTIONS = (
    Section(
        "The headline",
        'The three models. With psi = 1, D and D longer have "no motion" tracklets, D&T its own.',
        parts_of_seeds(*MODELS.values()),
        (headline_table,),
        lambda study: sentences(study, "all", "tubes", "loss"),
        (("headline.png", "AP50 of single frames and tubes of D, D longer and D&T, each seed a dot"),),
    ),
    Section(
        "The claims",
        "Differences in AP50 with their 95% intervals from a paired bootstrap over videos: of each seed, of the "
        "mean over seeds (*together*), and with seeds drawn as well. *By chance* is a second opinion: how often a "
        "difference of the mean comes out as large or larger when the results of videos are swapped at random; near 1 "
        "it speaks for the opposite. A claim *holds* if the interval of every seed is above 0. First `val_novel`, then "
        "`val_seen`. The paper's three are *tracking loss*, *re-scoring* and *tracking*; the others take them apart.",
        ("claims",),
        (lambda study: claims_table(study, NOVEL), lambda study: claims_table(study, SEEN)),
        claim_sentences,
        (("claims.png", "The differences of the claims with their intervals, each seed and together"),),
    ),
    Section(
        "Table 1 of the paper",
        "On `val_novel`, beside the paper's numbers on ImageNet VID (ResNet-101). That is another data set: "
        "differences can be compared, heights can't. HOTA and IDF1 are means over classes, of tubes whose ends are "
        f"cut off as far as their scores stay below {TRIM_SCORE:g}.",
        parts_of_seeds(*MODELS.values(), "variants"),
        (paper_table,),
        lambda study: sentences(study, "online", "tau_10", "average", "average_both", "tau_10_average"),
    ),
    Section(
        "By class",
        "AP50 of each class of `val_novel`.",
        parts_of_seeds(*MODELS.values(), "variants"),
        (class_table,),
        losing_classes,
    ),
    Section(
        "By speed",
        "AP50 of slow, medium and fast objects of `val_novel`, by FGFA's rule: the mean IoU of an object with "
        "itself in the 10 frames before and after; fast <= 0.7 <= medium <= 0.9 <= slow.",
        parts_of_seeds(*MODELS.values(), "variants"),
        (speed_table,),
        _no_number("has no numbers by speed"),
    ),
    Section(
        "Peers",
        "Other ways to link what the same D&T says of `val_novel`. Tubes are made of boxes after NMS and box voting "
        "(*voted*); single frames and Seq-NMS are there with and without. Tracks are cut at their ends as far as "
        "their scores stay below a threshold: of each method the one with the best HOTA on `val_seen`; the last column "
        "has HOTA at the threshold that would have been the best on `val_novel`. Trackers don't change scores: they "
        "have no AP50 of their own.",
        parts_of_seeds("peers"),
        (peers_table,),
        _no_number("compares with none of these on the same detections"),
    ),
    Section(
        "Retrained ablations",
        "D&T with one thing changed, from the D of the first seed, half as long; in brackets the difference to "
        "the first row. The last columns say how many times smaller the error of the track head (1 - IoU) is than "
        'that of "no motion", of objects that move more than 4 and 12 px in a frame, with the 95% interval over '
        "videos. One seed, `val_novel`. The whole track head of the paper has dot products without a scale, d = 8 (d "
        "is 4 in all rows but two), moves in a box's own widths and heights, larger first weights and a loss that is "
        "linear from 1 on.",
        RETRAINED,
        (retrained_table,),
        _no_number("correlates conv3, conv4 and conv5 with d = 8 and uses OHEM (section 5.2); no numbers without"),
        (("ablations.png", "AP50 of each retrained ablation"),),
    ),
    Section(
        "Ways to link",
        "AP50 of the tubes of one D&T, linked from a saved run with one thing changed; in brackets the difference "
        "to how it is. One seed. *Presence rule*: a tube ends where its scores stay low for some frames. *Boxes of no "
        "tube*: a class gets as many tubes as its poorest frame has boxes; further boxes are dropped. *Ends of tubes*: "
        "both ends of a tube are cut off as far as its scores stay below. *Tracking from proposals*: the track head "
        "moves RPN's proposals, not the refined boxes.",
        ("linking",),
        (linking_table,),
        lambda study: sentences(study, "alpha"),
        (("alpha.png", "AP50 of tubes against alpha, the share of a tube's scores whose mean it gains"),),
    ),
    Section(
        "Strides",
        "Tubes of every τth frame of one D&T on `val_novel`, all judged in the same frames: those that the "
        "largest stride samples; and in all frames, with boxes interpolated along the tubes. One seed.",
        ("strides",),
        (strides_table,),
        lambda study: sentences(study, "same_frames"),
        (("strides.png", "AP50 of single frames and tubes against the stride"),),
    ),
    Section(
        "Track regression",
        "True boxes of `val_novel`, moved by the track head to the next frame: the mean of 1 - IoU with where the "
        "object is then. Behind it stands how many times smaller it is than the error of boxes that stay where "
        "they are, with the 95% interval over videos. Template matching finds the pixels of a box again, as far "
        "as the correlation reaches. The heads are those of the retrained ablations. Below is the same ratio of "
        "the whole D&T of each seed.",
        (*(f"ablation_{name}" for name in HEADS.values()), *parts_of_seeds("moves")),
        (lambda study: heads_table(study, 1), seeds_moves_table),
        _no_number("says that correlation features aid the network in tracking (section 3); it has no number of it"),
        (
            ("moves_tau_1.png", "Error of the predicted move by displacement, 1 frame apart"),
            ("moves_tau_10.png", "Error of the predicted move by displacement, 10 frames apart"),
        ),
    ),
    Section(
        "Reasons: the tracking loss",
        "Can a tracking loss make single frames better at all? D&T was trained again with one that weighs "
        f"{HEAVY:g} times as much, and, with one seed, so that conv4 is trained and shared as well, beside a D longer "
        "that trains it, too; the claims are judged as those above, on single frames, first `val_novel`, then "
        "`val_seen`. The last table compares gradients, at the weights that detection and tracking share, over "
        f"{PULL_BATCHES} batches of training pairs: the length of the tracking loss's over that of all detection "
        "losses, and their cosine; in a batch, and of the means over batches, in which noise is averaged out.",
        ("loss", "pulls", *REASON_TRAININGS),
        (lambda s: claims_table(s, NOVEL, "loss"), lambda s: claims_table(s, SEEN, "loss"), pulls_table),
        lambda study: claim_sentences(study, "loss") + pulls_sentence(study),
        (("loss.png", "The differences of single frames with their intervals, each seed and together"),),
    ),
    Section(
        "Reasons: motion",
        "What is there to gain by tracking? The same boxes and scores of D&T, linked by ever better motion. *True "
        "motion* moves each box as the object moves that it overlaps (IoU >= 0.5), so it is what tracklets without "
        "error would come to. Judged in the frames that the network saw. The second table asks whether D&T fails ten "
        "frames apart because it has learnt from neighbouring frames alone: beside it stands, with one seed, a D&T "
        f"whose training pairs are {FAR_PAIRS_APART} frames apart. Its last columns are those of "
        "[Track regression](#track-regression).",
        ("motion", FAR_PAIRS, f"seed{SEEDS[0]}_moves"),
        (motion_table, far_pairs_table),
        lambda study: motion_sentence(study) + far_pairs_sentence(study),
    ),
    Section(
        "Reasons: alpha",
        "Why alpha matters more here than in the paper. If its worth goes with that of linking, it is the same share "
        "of it on both sets.",
        ("alpha",),
        (alpha_table,),
        lambda study: sentences(study, "alpha"),
    ),
    Section(
        "Reasons: other frames",
        "The paper finds that averaging scores over neighbours adds next to nothing, and that every tenth frame is "
        "nearly enough. The same on both sets: if it is noise of single frames that averaging removes, it adds less "
        "where single frames are better, on `val_seen`.",
        ("other_frames", *parts_of_seeds(MODELS["D&T"], "variants")),
        (other_frames_table,),
        lambda study: sentences(study, "average", "average_both", "tau_10"),
    ),
    Section(
        "Time",
        "Minutes of each part, and the limits that this project has set itself on two cores.",
        PARTS,
        (minutes_table,),
        lambda _: "",
    ),
)

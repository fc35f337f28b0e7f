"""Several processes, on one machine or many: Detectron2's launcher, torchrun, and how ranks end."""

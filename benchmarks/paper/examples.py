"""Examples for ``--help``."""

ALL = """\
examples:
  python tools/reproduce.py table3 --config cityscapes/b0 --seeds 0 1 2
      every strategy trained three times, by ordinary `mim train` and `mim test` runs
  python tools/reproduce.py table3 --help
      what a table takes, with examples

Interrupted, the same command goes on where it stopped. What is finished is kept, and computed again
only if its config, options, checkpoint or code changed; the command says which.
"""

TABLE_2 = """\
examples:
  python tools/reproduce.py table2 --config cityscapes/b5 --checkpoints segformer_b5.pth --batch 8
      as the paper: one checkpoint, every strategy

  python tools/reproduce.py table2 --config configs/camvid/….py \\
      --checkpoints outputs/reproduce/table3-…/checkpoints/none-seed*.pth
      what table3 trained without merging: means and spreads over the seeds

  python tools/reproduce.py table2 --config cityscapes/b0 --checkpoints segformer.pth \\
      --strategies hq rates.yaml
      custom rates
"""

TABLE_3 = """\
examples:
  python tools/reproduce.py table3 --config cityscapes/b5 --launcher pytorch --gpus 4 \\
      --cfg-options auto_scale_lr.enable=True
      as the paper, on four GPUs

  python tools/reproduce.py table3 \\
      --config configs/camvid/segformer_mit-b0_none_1xb4-600i_camvid-480x360.py --seeds 0 1 2 \\
      --cfg-options train_dataloader.dataset.data_root=DIR val_dataloader.dataset.data_root=DIR \\
      test_dataloader.dataset.data_root=DIR
      in minutes a run on a CPU

Trained weights are in OUT/checkpoints/<strategy>-seed<seed>.pth.
"""

TABLE_4 = """\
examples:
  python tools/reproduce.py table4 --config jbd/b5
      as the paper, on the Jump Broadcast Dataset
  python tools/reproduce.py table4 --config athletes/b0 --seeds 0 1 2 \\
      --cfg-options train_dataloader.dataset.data_root=DIR val_dataloader.dataset.data_root=DIR \\
      test_dataloader.dataset.data_root=DIR
      generated athletes, in minutes a run on a CPU
"""

TABLE_5 = """\
examples:
  python tools/reproduce.py table5 --model b5 --device cuda
      the paper's sizes
  python tools/reproduce.py table5 --model b0 --sizes 512x512 640x640 --batch 1 --repeats 3
      in a minute or two on a CPU
"""

COMPLEXITY = """\
examples:
  python tools/reproduce.py complexity --model b5 --size 2048x1024
  python tools/reproduce.py complexity --model b0 --size 512x512 --strategies none hq --repeats 3
      in seconds
"""

FIGURE_1 = """\
examples:
  python tools/reproduce.py figure1 --config cityscapes/b0 --checkpoint segformer_b0.pth \\
      --images street.png more_images/
  python tools/reproduce.py figure1 --config cityscapes/b0 --checkpoint segformer_b0.pth --count 4
      four images of the test set, with ground truth
"""

FIGURE_4 = """\
examples:
  python tools/reproduce.py figure4 --config jbd/b0 --checkpoint segformer_b0.pth --count 4
      four people of the test set, over the ground truth
  python tools/reproduce.py figure4 --config coco/b0 --checkpoint segformer_b0.pth \\
      --images images/ --boxes annotations.json
      people in images, by boxes in COCO's format; over the unmerged prediction
"""

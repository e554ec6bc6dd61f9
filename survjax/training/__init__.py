"""How networks are trained: minibatches in one compiled epoch. Nothing here knows of survival."""

from survjax.training.loop import Trained, train, train_members
from survjax.training.settings import TrainingSettings

__all__ = ["Trained", "TrainingSettings", "train", "train_members"]

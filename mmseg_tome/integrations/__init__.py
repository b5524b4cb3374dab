"""Models of other libraries than OpenMMLab's, one package each; none is needed for the others."""

"""Models, priors and classifiers on the Hugging Face Hub, through huggingface_hub (the extra ``hub``)."""

"""Passwords, pincodes and certificates of the gestionali: how they are proved and how wrong guesses are limited."""

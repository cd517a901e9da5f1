"""The outcome study: how chats and techniques go with symptom scores (Yang et al. 2024, doi 10.1145/3641029).

Pure statistics: numpy, scipy and pandas, no Django and no database. `pipeline.run_study` is the way in; what
each step does and where its formulas come from stands in its own file.
"""

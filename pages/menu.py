"""The script that Streamlit runs, at every change on any screen: all of it is in a module that is loaded once."""

from pages import frame

frame.run()

"""The page that `course lab` opens first, at /course-map of its server: the map of the course, and where the learner is."""

import asyncio

from jupyter_server.base.handlers import JupyterHandler
from tornado.web import authenticated

from lib import places
from lib.errors import CourseError
from lib.exercises import progress
from lib.runner.course_map import map_page, trouble_page
from lib.runner.notebooks import course_name, read_folder


def welcome(base="/"):
    """Return the page, as HTML, of a server whose addresses begin with `base`."""
    folder = places.notebooks()
    course = course_name(folder)
    try:
        return map_page(course, read_folder(folder), progress(), f"{base}lab/tree/{folder.name}/")
    except CourseError as error:
        return trouble_page(course, str(error), f"{base}lab")


class Welcome(JupyterHandler):
    """Answers with the page as it is now."""

    @authenticated
    async def get(self):
        """Send the page; the browser keeps none, so that it is a new one when the learner comes back."""
        page = await asyncio.to_thread(welcome, self.base_url)  # the first time the exercises are imported, which takes a second
        self.set_header("Cache-Control", "no-store")
        await self.finish(page)


default_handlers = [(r"/course-map", Welcome)]  # the name that the server looks for

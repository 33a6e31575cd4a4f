"""The request of a person who has signed in."""

from django.http import HttpRequest

from accounts.models import User


class UserRequest(HttpRequest):
    """What a view behind `login_required` is given: `user` is a person, not an anonymous one."""

    user: User

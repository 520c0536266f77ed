"""Settings from the environment, read once; services/gateway.py refuses unsafe ones in production."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where data lives and how mail leaves. `url` is the address that people type; links in emails start with it."""

    model_config = SettingsConfigDict(env_ignore_empty=True)

    home: Path = Field(default=Path("var"), validation_alias="MENTORING_HOME")
    mode: Literal["local", "production"] = Field(default="local", validation_alias="MENTORING_ENV")
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    url: str = Field(default="http://127.0.0.1:8501", validation_alias="MENTORING_URL")
    # One address in here is whoever speaks for the proxy; only from it do we believe X-Forwarded-For.
    trusted_proxy: str | None = Field(default=None, validation_alias="MENTORING_TRUSTED_PROXY")
    worker_in_server: bool = Field(default=True, validation_alias="MENTORING_WORKER_IN_SERVER")
    smtp_host: str | None = Field(default=None, validation_alias="SMTP_HOST")
    smtp_port: int = Field(default=587, validation_alias="SMTP_PORT")
    smtp_user: str | None = Field(default=None, validation_alias="SMTP_USER")
    smtp_password: str | None = Field(default=None, validation_alias="SMTP_PASSWORD")
    smtp_security: Literal["starttls", "tls", "none"] = Field(default="starttls", validation_alias="SMTP_SECURITY")
    mail_from: str = Field(default="mentoring@localhost", validation_alias="MAIL_FROM")
    # Kept out of anything that prints settings.
    secret_keys_given: str = Field(default="", validation_alias="MENTORING_SECRET_KEYS", repr=False)
    password_cost: int = Field(default=12, ge=4, le=15, validation_alias="MENTORING_PASSWORD_COST")

    @property
    def database(self) -> str:
        """The database's address: `DATABASE_URL`, or a SQLite file in the data directory."""
        return self.database_url or f"sqlite:///{(self.home / 'mentoring.db').resolve()}"

    @property
    def secret_keys(self) -> tuple[str, ...]:
        """What secrets in the database are encrypted with: the first encrypts, all decrypt."""
        return tuple(key.strip() for key in self.secret_keys_given.split(",") if key.strip())

    @property
    def is_production(self) -> bool:
        return self.mode == "production"


@cache
def settings() -> Settings:
    """The settings of this process. Tests call `settings.cache_clear()` after they change the environment."""
    return Settings()

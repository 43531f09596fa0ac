"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision: str = "0001"
down_revision: str | None = None
branch_labels: None = None
depends_on: None = None


INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("bio", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=True),
        sa.Column("followers", INTEGER, nullable=True),
        sa.Column("following", INTEGER, nullable=True),
        sa.Column("posts", INTEGER, nullable=True),
        sa.Column("verified", sa.Boolean(), nullable=True),
        sa.Column("avatar_url", sa.Text(), nullable=True),
        sa.Column("opted_out", sa.Boolean(), nullable=False),
        sa.Column("cleared_at", MOMENT, nullable=True),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("platform", "external_id", name=op.f("uq_accounts_platform_external_id")),
    )
    op.create_table(
        "audit",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("verb", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_table(
        "changes",
        sa.Column("id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("number", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_changes")),
    )
    op.create_table(
        "cursors",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("platform", "stream", name=op.f("pk_cursors")),
    )
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("lease_until", MOMENT, nullable=False),
        sa.Column("fence", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "listeners",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("last_contact_at", MOMENT, nullable=True),
        sa.Column("updated_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("platform", name=op.f("pk_listeners")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
    )
    op.create_table(
        "switches",
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("live", sa.Boolean(), nullable=False),
        sa.Column("killed", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("platform", name=op.f("pk_switches")),
    )
    op.create_table(
        "users",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("username", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("must_change_password", sa.Boolean(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    op.create_table(
        "account_names",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("first_seen_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_account_names_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_names")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_account_names_account_id_name")),
    )
    op.create_table(
        "mentions",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("channel_name", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("reply_to_id", sa.Text(), nullable=True),
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("posted_at", MOMENT, nullable=False),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("media", sa.Text(), nullable=False),
        sa.Column("secrets", sa.Text(), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=False),
        sa.Column("attempts", INTEGER, nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("heard_at", MOMENT, nullable=False),
        sa.Column("handled_at", MOMENT, nullable=True),
        sa.Column("edited_at", MOMENT, nullable=True),
        sa.Column("deleted_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_mentions_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
        sa.UniqueConstraint("platform", "external_id", name=op.f("uq_mentions_platform_external_id")),
    )
    op.create_index(op.f("ix_mentions_account_id_posted_at"), "mentions", ["account_id", "posted_at"], unique=False)
    op.create_index(
        op.f("ix_mentions_platform_thread_id_posted_at"), "mentions", ["platform", "thread_id", "posted_at"], unique=False
    )
    op.create_index(op.f("ix_mentions_posted_at"), "mentions", ["posted_at"], unique=False)
    op.create_index(op.f("ix_mentions_state_id"), "mentions", ["state", "id"], unique=False)
    op.create_table(
        "sessions",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user_id", INTEGER, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user_id"), "sessions", ["user_id"], unique=False)
    op.create_table(
        "actions",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("mention_id", INTEGER, nullable=True),
        sa.Column("account_id", INTEGER, nullable=True),
        sa.Column("thread_id", sa.Text(), nullable=True),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("cost_usd", sa.Double(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", INTEGER, nullable=False),
        sa.Column("owner", sa.Text(), nullable=True),
        sa.Column("not_before", MOMENT, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sending_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("counts_from", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_actions_account_id")),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_actions_mention_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_actions")),
        sa.UniqueConstraint("key", name=op.f("uq_actions_key")),
    )
    op.create_index(op.f("ix_actions_account_id_counts_from"), "actions", ["account_id", "counts_from"], unique=False)
    op.create_index("ix_actions_day", "actions", ["platform", "kind", "counts_from", "state", "cost_usd"], unique=False)
    op.create_index(op.f("ix_actions_kind_created_at"), "actions", ["kind", "created_at"], unique=False)
    op.create_index(op.f("ix_actions_mention_id"), "actions", ["mention_id"], unique=False)
    op.create_index(
        op.f("ix_actions_platform_thread_id_counts_from"), "actions", ["platform", "thread_id", "counts_from"], unique=False
    )
    op.create_index(op.f("ix_actions_state_not_before"), "actions", ["state", "not_before"], unique=False)
    op.create_table(
        "assessments",
        sa.Column("mention_id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("sentiment", sa.Text(), nullable=False),
        sa.Column("threat", sa.Text(), nullable=False),
        sa.Column("assessment", sa.Text(), nullable=False),
        sa.Column("model_version", sa.Text(), nullable=False),
        sa.Column("assessed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_assessments_mention_id")),
        sa.PrimaryKeyConstraint("mention_id", name=op.f("pk_assessments")),
    )
    op.create_table(
        "decisions",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("mention_id", INTEGER, nullable=False),
        sa.Column("effects", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_decisions_mention_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_mention_id"), "decisions", ["mention_id"], unique=False)
    op.create_table(
        "flags",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("mention_id", INTEGER, nullable=False),
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("scam_type", sa.Text(), nullable=False),
        sa.Column("signals", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_flags_account_id")),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_flags_mention_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flags")),
    )
    op.create_index(op.f("ix_flags_account_id_state"), "flags", ["account_id", "state"], unique=False)
    op.create_index(op.f("ix_flags_mention_id"), "flags", ["mention_id"], unique=False)
    op.create_index(op.f("ix_flags_state_id"), "flags", ["state", "id"], unique=False)
    op.create_table(
        "tickets",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("mention_id", INTEGER, nullable=False),
        sa.Column("account_id", INTEGER, nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("urgency", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_tickets_account_id")),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_tickets_mention_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
        sa.UniqueConstraint("reference", name=op.f("uq_tickets_reference")),
    )
    op.create_index(op.f("ix_tickets_account_id_thread_id"), "tickets", ["account_id", "thread_id"], unique=False)
    op.create_index(op.f("ix_tickets_mention_id"), "tickets", ["mention_id"], unique=False)
    op.create_index(op.f("ix_tickets_state_id"), "tickets", ["state", "id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("mention_id", INTEGER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("risk", sa.Double(), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_until", MOMENT, nullable=True),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("flag_id", INTEGER, nullable=True),
        sa.Column("action_id", INTEGER, nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("fk_reviews_action_id")),
        sa.ForeignKeyConstraint(["flag_id"], ["flags.id"], name=op.f("fk_reviews_flag_id")),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_reviews_mention_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_action_id"), "reviews", ["action_id"], unique=False)
    op.create_index(op.f("ix_reviews_flag_id"), "reviews", ["flag_id"], unique=False)
    op.create_index(op.f("ix_reviews_mention_id"), "reviews", ["mention_id"], unique=False)
    op.create_index(op.f("ix_reviews_state_due_at"), "reviews", ["state", "due_at"], unique=False)
    op.create_table(
        "ticket_mentions",
        sa.Column("ticket_id", INTEGER, autoincrement=False, nullable=False),
        sa.Column("mention_id", INTEGER, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_ticket_mentions_mention_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["tickets.id"], name=op.f("fk_ticket_mentions_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "mention_id", name=op.f("pk_ticket_mentions")),
    )
    op.create_index(op.f("ix_ticket_mentions_mention_id"), "ticket_mentions", ["mention_id"], unique=False)
    op.bulk_insert(sa.table("changes", sa.column("id", sa.Integer), sa.column("number", sa.Integer)), [{"id": 1, "number": 0}])


def downgrade() -> None:
    op.drop_index(op.f("ix_ticket_mentions_mention_id"), table_name="ticket_mentions")
    op.drop_table("ticket_mentions")
    op.drop_index(op.f("ix_reviews_state_due_at"), table_name="reviews")
    op.drop_index(op.f("ix_reviews_mention_id"), table_name="reviews")
    op.drop_index(op.f("ix_reviews_flag_id"), table_name="reviews")
    op.drop_index(op.f("ix_reviews_action_id"), table_name="reviews")
    op.drop_table("reviews")
    op.drop_index(op.f("ix_tickets_state_id"), table_name="tickets")
    op.drop_index(op.f("ix_tickets_mention_id"), table_name="tickets")
    op.drop_index(op.f("ix_tickets_account_id_thread_id"), table_name="tickets")
    op.drop_table("tickets")
    op.drop_index(op.f("ix_flags_state_id"), table_name="flags")
    op.drop_index(op.f("ix_flags_mention_id"), table_name="flags")
    op.drop_index(op.f("ix_flags_account_id_state"), table_name="flags")
    op.drop_table("flags")
    op.drop_index(op.f("ix_decisions_mention_id"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("assessments")
    op.drop_index(op.f("ix_actions_state_not_before"), table_name="actions")
    op.drop_index(op.f("ix_actions_platform_thread_id_counts_from"), table_name="actions")
    op.drop_index(op.f("ix_actions_mention_id"), table_name="actions")
    op.drop_index(op.f("ix_actions_kind_created_at"), table_name="actions")
    op.drop_index("ix_actions_day", table_name="actions")
    op.drop_index(op.f("ix_actions_account_id_counts_from"), table_name="actions")
    op.drop_table("actions")
    op.drop_index(op.f("ix_sessions_user_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_mentions_state_id"), table_name="mentions")
    op.drop_index(op.f("ix_mentions_posted_at"), table_name="mentions")
    op.drop_index(op.f("ix_mentions_platform_thread_id_posted_at"), table_name="mentions")
    op.drop_index(op.f("ix_mentions_account_id_posted_at"), table_name="mentions")
    op.drop_table("mentions")
    op.drop_table("account_names")
    op.drop_table("users")
    op.drop_table("switches")
    op.drop_table("quarantine")
    op.drop_table("listeners")
    op.drop_table("leases")
    op.drop_table("cursors")
    op.drop_table("changes")
    op.drop_table("audit")
    op.drop_table("accounts")

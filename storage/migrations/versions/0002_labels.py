"""Labels by reviewers; the confidence of each intent, so that drift can be counted."""

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: None = None
depends_on: None = None


INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "labels",
        sa.Column("id", INTEGER, nullable=False),
        sa.Column("mention_id", INTEGER, nullable=False),
        sa.Column("review_id", INTEGER, nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("was", sa.Text(), nullable=False),
        sa.Column("drawn", sa.Boolean(), nullable=False),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.Column("labelled_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mentions.id"], name=op.f("fk_labels_mention_id")),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_labels_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
        sa.UniqueConstraint("review_id", "head", name=op.f("uq_labels_review_id_head")),
    )
    op.create_index(op.f("ix_labels_mention_id"), "labels", ["mention_id"], unique=False)
    op.create_index(op.f("ix_labels_labelled_at"), "labels", ["labelled_at"], unique=False)
    op.add_column("assessments", sa.Column("confidence", sa.Double(), nullable=True))
    op.create_index(
        "ix_assessments_judged", "assessments", ["assessed_at", "threat", "language", "intent", "confidence"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_assessments_judged", table_name="assessments")
    op.drop_column("assessments", "confidence")
    op.drop_index(op.f("ix_labels_labelled_at"), table_name="labels")
    op.drop_index(op.f("ix_labels_mention_id"), table_name="labels")
    op.drop_table("labels")
